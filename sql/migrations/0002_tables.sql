-- The tables. A migration is never edited once released; add the next number instead.

create table users (                       -- everyone who writes: customers and agents
  id uuid primary key default gen_random_uuid(),
  email text not null unique check (email = lower(email)),
  name text not null default '',
  created_at timestamptz not null default now()
);

create table support_agents (
  id uuid primary key references users on delete restrict,
  role agent_role not null default 'agent',
  departments text[] not null default '{}',
  active boolean not null default true,
  signature text not null default '',
  created_at timestamptz not null default now()
);

create table mailboxes (                   -- an address that customers write to
  id uuid primary key default gen_random_uuid(),
  name text not null unique,
  kind mailbox_kind not null,
  address text not null check (address = lower(address)),
  display_name text not null default '',
  department text,
  signature text not null default '',
  cursor text,                             -- how far the provider's own history was read; its form is the provider's
  connected_at timestamptz not null default now(),
  synced_at timestamptz,
  last_error text
);

create table tickets (
  id uuid primary key default gen_random_uuid(),
  number bigint generated always as identity (start with 1001) unique,
  user_id uuid not null references users on delete restrict,
  subject text not null,
  status ticket_status not null default 'open',
  priority ticket_priority not null default 'medium',
  gmail_thread_id text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  last_response_at timestamptz,
  last_message_at timestamptz not null default now(),      -- unlike updated_at, untouched by who is assigned
  assigned_to uuid references support_agents on delete restrict,
  mailbox_id uuid references mailboxes on delete restrict,
  department text,
  waiting_since timestamptz not null default 'infinity',   -- infinity: nobody waits for us
  message_count integer not null default 0,
  attachment_count integer not null default 0,
  reply_token text not null unique default replace(gen_random_uuid()::text, '-', ''),
  words tsvector not null default '',      -- of all its messages; beside the order, so that one index walk can do both
  check (status = 'open' or waiting_since = 'infinity')    -- lists in the order of waiting count on it
);

create table raw_mails (                   -- the ledger: one row for each mail ever taken in
  id bigint generated always as identity primary key,
  sha256 text not null unique check (sha256 ~ '^[0-9a-f]{64}$'),   -- names the file that holds the bytes
  size bigint not null,
  outcome mail_outcome not null,
  reason text not null default '',         -- why it was ignored, held or joined nothing; a sentence
  detail text not null default '',         -- for whoever mends what put it in quarantine
  sender text not null default '',
  subject text not null default '',
  ticket_id uuid references tickets on delete restrict,
  received_at timestamptz not null default now(),
  settled_at timestamptz not null default now()
);

create table deliveries (                  -- where each raw mail came from; one mail may come by several mailboxes
  mailbox_id uuid not null references mailboxes on delete restrict,
  provider_id text not null,               -- the mailbox's own name for it
  raw_mail_id bigint not null references raw_mails on delete restrict,
  created_at timestamptz not null default now(),
  primary key (mailbox_id, provider_id)
);

create table messages (
  id uuid primary key default gen_random_uuid(),
  ticket_id uuid not null references tickets on delete restrict,
  arrival bigint generated always as identity,   -- orders messages of the same second
  sender_email text not null,
  sender_name text not null default '',
  content text not null,                   -- the new part, as a person reads it
  quoted_text text not null default '',    -- what it quotes; shown folded
  signature text not null default '',
  direction message_direction not null,
  gmail_message_id text,
  created_at timestamptz not null default now(),
  sent_at timestamptz,                     -- the Date field of an incoming mail; when an outgoing one left
  message_id text not null,                -- RFC 5322, with its angle brackets
  provider_message_id text,                -- what the provider made of ours, where it rewrites it
  fingerprint text not null default '',    -- tells a second copy from another mail under the same Message-ID
  in_reply_to text,
  reference_ids text[] not null default '{}',
  recipients jsonb not null default '{}',  -- {"to": [{"name", "email"}], "cc": [...], "reply_to": [...]}
  automatic boolean not null default false,
  joined_by text not null,                 -- the rule that put it into its ticket
  joined_evidence text not null default '',
  raw_mail_id bigint references raw_mails on delete restrict,
  author_id uuid references users on delete restrict,      -- the agent, of an outgoing one
  unique (message_id, fingerprint)
);

create table attachments (
  id uuid primary key default gen_random_uuid(),
  message_id uuid not null references messages on delete restrict,
  position integer not null,
  filename text not null,
  content_type text not null,
  size bigint not null,
  sha256 text check (sha256 ~ '^[0-9a-f]{64}$'),           -- null: larger than the limit, still in the raw mail
  content_id text,
  inline boolean not null default false,
  unique (message_id, position)
);

create table notes (                       -- not messages: what sends mail cannot even see them
  id uuid primary key default gen_random_uuid(),
  ticket_id uuid not null references tickets on delete restrict,
  author_id uuid not null references support_agents on delete restrict,
  content text not null,
  created_at timestamptz not null default now(),
  removed_at timestamptz                   -- taken back; kept, so that taking back can be taken back
);

create table drafts (
  ticket_id uuid not null references tickets on delete cascade,
  agent_id uuid not null references support_agents on delete cascade,
  kind text not null check (kind in ('reply', 'note')),
  content text not null,
  updated_at timestamptz not null default now(),
  primary key (ticket_id, agent_id, kind)
);

create table outbox (                      -- what has to be sent, and what became of it
  message_id uuid primary key references messages on delete restrict,
  state delivery_state not null default 'waiting',
  not_before timestamptz not null,         -- until then it can be taken back
  leased_by text,
  leased_until timestamptz,
  attempts integer not null default 0,
  last_error text,
  provider_id text,                        -- the mailbox's own name for the sent mail
  settled_at timestamptz
);

create table recipients (                  -- delivery, address by address
  message_id uuid not null references messages on delete restrict,
  email text not null,
  state delivery_state not null default 'waiting',
  detail text not null default '',
  updated_at timestamptz not null default now(),
  primary key (message_id, email)
);

create table events (                      -- who did what, when and why: audit, undo, live screens
  id bigint generated always as identity primary key,
  xid xid8 not null default pg_current_xact_id(),          -- see events_since: ids alone would skip
  ticket_id uuid references tickets on delete restrict,
  kind text not null,
  actor_id uuid references users on delete restrict,       -- null: the desk itself
  before jsonb not null default '{}',
  after jsonb not null default '{}',
  reason text not null default '',
  request_id uuid,                         -- the caller's name for one command; undo takes it back as a whole
  created_at timestamptz not null default now()
);

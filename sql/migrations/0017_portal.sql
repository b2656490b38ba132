-- The portal, where a person sees what they wrote to us. Links and sessions are known by the SHA-256 of what their
-- holder has: these tables open nothing.
create table portal_links (
  sha256 text primary key check (sha256 ~ '^[0-9a-f]{64}$'),
  user_id uuid not null references users on delete restrict,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at timestamptz,
  session text,                            -- what it was traded for; the same again gets the same
  revoked_at timestamptz,
  made_by uuid references users on delete restrict,        -- the admin; null: the desk itself
  message_id uuid references messages on delete restrict   -- the mail it is in
);
create index portal_links_user on portal_links (user_id, created_at);
create index portal_links_created on portal_links (created_at);

create table portal_sessions (
  sha256 text primary key check (sha256 ~ '^[0-9a-f]{64}$'),
  user_id uuid not null references users on delete restrict,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  ended_at timestamptz
);
create index portal_sessions_user on portal_sessions (user_id);

create table portal_requests (             -- who asked for a link; kept for a month
  id uuid primary key,
  email text not null,
  requested_at timestamptz not null default now(),
  settled_at timestamptz,
  letter_id uuid references messages on delete restrict,
  refusal text                             -- why nobody was written to
);
create index portal_requests_new on portal_requests (requested_at) where settled_at is null;

-- A letter: a mail of the desk itself that is about no ticket.
alter table messages alter column ticket_id drop not null,
  add constraint messages_letter check (ticket_id is not null or direction = 'outgoing' and automatic);

-- Addresses that are told of what happens here, and each message to one of them with what became of it.
create type public.webhook_state as enum ('waiting', 'sending', 'delivered', 'failed');

create table webhooks (
  id uuid primary key,                     -- the request that made it
  url text not null,
  description text not null default '',
  events text[] not null default '{}',     -- the types that are sent; none named: all
  notes boolean not null default false,    -- whether what agents tell each other is sent, too
  secret text not null,                    -- it has to be read to sign, so that it cannot be kept as a hash
  old_secret text,                         -- signs as well for a day, so that the receiver can change over
  old_secret_until timestamptz,
  active boolean not null default true,
  off_reason text not null default '',     -- why the desk itself has switched it off
  cursor text not null,                    -- up to where events have become deliveries; see events_since
  failing_since timestamptz,               -- of the attempts from then on none came through
  last_error text,
  created_by uuid references users on delete restrict,     -- null: who held the desk itself
  created_at timestamptz not null default now()
);

create table webhook_deliveries (
  id bigint generated always as identity primary key,
  webhook_id uuid not null references webhooks on delete cascade,
  event_id bigint references events on delete cascade,     -- null: a test
  message_id uuid not null default gen_random_uuid(),      -- the same at each try, so that a receiver knows it again
  type text not null,
  payload jsonb not null,                  -- as things stood when it was queued
  state webhook_state not null default 'waiting',
  attempts integer not null default 0,
  next_attempt_at timestamptz not null default now(),
  leased_by text,
  leased_until timestamptz,
  claimed_by uuid,
  attempted_at timestamptz,                -- when the last attempt ended
  status integer,                          -- what the receiver answered to it, if it did
  answer text not null default '',         -- how that answer began
  error text,                              -- why it did not come through
  settled_at timestamptz,
  created_at timestamptz not null default now(),
  unique (webhook_id, event_id)
);
create index webhook_deliveries_due on webhook_deliveries (webhook_id, next_attempt_at)
  where state in ('waiting', 'sending');
create index webhook_deliveries_failed on webhook_deliveries (webhook_id) where state = 'failed';
create index webhook_deliveries_newest on webhook_deliveries (webhook_id, id);
create index events_created on events using brin (created_at);

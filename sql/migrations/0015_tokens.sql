-- Programs that work for an agent: their tokens, and the commands they gave. And which state of a ticket is which.
create table tokens (
  id bigint generated always as identity primary key,
  agent_id uuid not null references support_agents on delete restrict,
  name text not null default '',
  sha256 text not null unique check (sha256 ~ '^[0-9a-f]{64}$'),  -- the token itself is nowhere
  scopes text[] not null,
  created_at timestamptz not null default now(),
  created_by uuid,                         -- the request that made it
  expires_at timestamptz,                  -- null: never
  last_used_at timestamptz,                -- to the minute
  revoked_at timestamptz
);
create index tokens_agent on tokens (agent_id);
create unique index tokens_request on tokens (created_by) where created_by is not null;

create table requests (                    -- what a program asked for under a request id, so that it cannot mean two things
  request_id uuid primary key,
  fingerprint text not null,
  created_at timestamptz not null default now()
);
create index requests_created on requests (created_at);

alter table tickets add column version bigint not null default 1;  -- one more with every change of the row

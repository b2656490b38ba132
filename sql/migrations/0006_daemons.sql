-- The daemons that work on this desk, on whatever machine, and what wakes them.
create table daemons (
  worker text primary key,                 -- the name under which it holds mailboxes and answers
  host text not null,
  home text not null,
  pid integer not null,
  version text not null default '',
  started_at timestamptz not null,
  beat_at timestamptz not null default now(),
  received bigint not null default 0,
  sent bigint not null default 0,
  problems jsonb not null default '{}'     -- a sentence for each part that does not work
);

alter table mailboxes add column woken_at timestamptz;     -- when somebody last said that there is new mail

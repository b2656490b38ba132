-- Mailboxes at a provider: from when on they are read, who reads them at the moment, and until when
-- the provider tells us of news. And what the provider takes for spam.
alter table mailboxes
  add column connected boolean not null default true,   -- false: its mail stays, nothing comes or goes
  add column since timestamptz not null default now(),  -- mail that came before is not asked for
  add column watched_until timestamptz,
  add column leased_by text,               -- of several daemons one reads it
  add column leased_until timestamptz;

alter table tickets add column spam boolean not null default false;

create index outbox_provider on outbox (provider_id) where provider_id is not null;

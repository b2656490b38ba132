-- What is reported of mail that has left. Nothing in sql/ may use the new states while it is applied: Postgres
-- knows them only once this transaction is through. The bodies of functions are not looked at before they run.
alter type public.delivery_state add value 'delayed' after 'sent';
alter type public.delivery_state add value 'delivered' after 'delayed';
alter type public.delivery_state add value 'complained' after 'bounced';

alter table recipients add column reported_at timestamptz;   -- when it came to that, by the clock of who reported it

create table delivery_reports (            -- about mail that nobody here knows, perhaps only not yet
  digest text primary key,                 -- of all the rest: the same report twice is one
  provider text not null,
  message_id text not null,                -- with its angle brackets; empty: not named
  provider_id text not null,               -- the provider's own name for the mail; empty: not named
  email text not null,
  state delivery_state not null,
  detail text not null,
  happened_at timestamptz not null,
  received_at timestamptz not null default now()
);
create index delivery_reports_message on delivery_reports (message_id) where message_id <> '';
create index delivery_reports_provider on delivery_reports (provider_id) where provider_id <> '';
create index delivery_reports_received on delivery_reports (received_at);

create table seen_tokens (                 -- of deliveries that are good for one time only
  digest text primary key,
  seen_at timestamptz not null default now()
);

-- Conversations at a provider and the label that each of their tickets has there; what a delivery was marked
-- as; what the last comparison of a mailbox with the ledger found; and lists that hold no spam.
create table threads (
  mailbox_id uuid not null references mailboxes on delete restrict,
  thread_id text not null,                 -- the provider's own name for the conversation
  ticket_id uuid not null references tickets on delete restrict,   -- the one its newest mail is in
  changes integer not null default 1,      -- of what is to be shown there, and new mails that lack the label
  shown integer not null default 0,        -- up to which of those changes the provider was told
  primary key (mailbox_id, thread_id)
);
create index threads_ticket on threads (ticket_id);
create index threads_behind on threads (mailbox_id, thread_id) where shown < changes;

insert into threads (mailbox_id, thread_id, ticket_id)
  select distinct on (t.mailbox_id, t.gmail_thread_id) t.mailbox_id, t.gmail_thread_id, t.id
  from tickets t where t.gmail_thread_id is not null and t.mailbox_id is not null
  order by t.mailbox_id, t.gmail_thread_id, t.number;

alter table deliveries
  add column thread_id text,
  add column sent boolean not null default false,      -- it left from the mailbox, written somewhere else
  add column spam boolean not null default false;      -- the provider takes it for that

alter table mailboxes
  add column verified_at timestamptz,      -- when it was last held against the ledger
  add column verified jsonb;               -- and what was found then

-- A list of what is no spam walks only that, however much spam there is; spam itself has one order ready.
drop index tickets_latest, tickets_updated, tickets_created, tickets_priority, tickets_waiting,
  tickets_status_latest, tickets_status_priority, tickets_assigned_latest;
create index tickets_latest on tickets (last_message_at, number) where not spam;
create index tickets_updated on tickets (updated_at, number) where not spam;
create index tickets_created on tickets (created_at, number) where not spam;
create index tickets_priority on tickets (priority, updated_at, number) where not spam;
create index tickets_waiting on tickets (waiting_since, number) where not spam;
create index tickets_status_latest on tickets (status, last_message_at, number) where not spam;
create index tickets_status_priority on tickets (status, priority, updated_at, number) where not spam;
create index tickets_assigned_latest on tickets (assigned_to, last_message_at, number)
  where status in ('open', 'pending') and not spam;
create index tickets_spam on tickets (last_message_at, number) where spam;

-- One index per order, and those behind the status that agents work by. A rare status in another
-- order is sorted, a common one is walked: the planner knows which it is.
create index tickets_latest on tickets (last_message_at, number);
create index tickets_updated on tickets (updated_at, number);
create index tickets_created on tickets (created_at, number);
create index tickets_priority on tickets (priority, updated_at, number);
create index tickets_waiting on tickets (waiting_since, number);
create index tickets_status_latest on tickets (status, last_message_at, number);
create index tickets_status_priority on tickets (status, priority, updated_at, number);

-- "Mine" and "unassigned" are about work that is left.
create index tickets_assigned_latest on tickets (assigned_to, last_message_at, number)
  where status in ('open', 'pending');
create index tickets_user on tickets (user_id, number);
create index tickets_gmail_thread on tickets (gmail_thread_id) where gmail_thread_id is not null;
create index tickets_words on tickets using gin (words);

create index messages_ticket on messages (ticket_id, created_at, arrival);
create index messages_in_reply_to on messages (in_reply_to) where in_reply_to is not null;
create index messages_provider on messages (provider_message_id) where provider_message_id is not null;
create index messages_gmail on messages (gmail_message_id) where gmail_message_id is not null;
create index messages_raw on messages (raw_mail_id) where raw_mail_id is not null;
create index notes_ticket on notes (ticket_id, created_at);
create index outbox_due on outbox (not_before) where state in ('waiting', 'sending');
create index events_xid on events (xid, id);
create index events_ticket on events (ticket_id, id);
create index events_request on events (request_id) where request_id is not null;
create index raw_mails_quarantined on raw_mails (id) where outcome = 'quarantined';
create index deliveries_raw on deliveries (raw_mail_id);

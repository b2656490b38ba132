-- The mailbox by which a mail may have left: no other can be asked about it.
alter table outbox add column unsure_in uuid references mailboxes;

-- When the mailbox got each mail: with that a mailbox can be held against the ledger for a span of time.
alter table deliveries add column received_at timestamptz;

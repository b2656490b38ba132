-- Answers that were given up are few among all that ever left, and the doctor asks for them.
create index outbox_failed on outbox (message_id) where state = 'failed';

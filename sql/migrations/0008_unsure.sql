-- Since when a mail may have left though nobody knows: an attempt broke off, or whoever made it died. It is
-- looked for until it can no longer turn up, and sent again only then.
alter table outbox add column unsure_since timestamptz;
update outbox set unsure_since = now() where state in ('waiting', 'sending') and attempts > 0;

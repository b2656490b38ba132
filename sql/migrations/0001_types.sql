-- The types that stand in the signatures of operations. They live where the operations
-- live: a caller who spells out an argument's type needs usage on its schema.
create type public.ticket_status as enum ('open', 'pending', 'resolved', 'closed');
create type public.ticket_priority as enum ('low', 'medium', 'high');
create type public.ticket_sort as enum ('latest', 'updated', 'created', 'priority', 'number', 'waiting');
create type public.message_direction as enum ('incoming', 'outgoing');
create type public.agent_role as enum ('admin', 'agent');
create type public.mailbox_kind as enum ('maildir', 'gmail');
create type public.mail_outcome as enum (
  'created', 'appended', 'duplicate', 'bounced', 'ignored', 'quarantined');
create type public.delivery_state as enum ('waiting', 'sending', 'sent', 'failed', 'bounced', 'cancelled');

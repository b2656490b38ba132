-- A ticket's status as its conversations show it at the provider, where a label stands for it. A conversation is
-- behind when its ticket has changed since, or when it got a mail: providers put labels on mails, not on conversations.

-- The conversation holds a mail of this ticket, which does not bear the label yet.
create or replace function desk.enter_thread(mail jsonb, ticket_id uuid) returns void
language plpgsql volatile set search_path = desk, public, pg_temp as $$
begin
  if mail ->> 'gmail_thread_id' is not null and mail ->> 'mailbox_id' is not null and ticket_id is not null then
    perform desk.touch_thread((mail ->> 'mailbox_id')::uuid, mail ->> 'gmail_thread_id', ticket_id);
  end if;
end $$;

-- Spam that never had a label needs none taken off.
create or replace function desk.touch_thread(mailbox_id uuid, thread_id text, ticket_id uuid) returns void
language plpgsql volatile set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
begin
  insert into threads as h (mailbox_id, thread_id, ticket_id, changes)
    select touch_thread.mailbox_id, touch_thread.thread_id, t.id, case when t.spam then 0 else 1 end
    from tickets t where t.id = touch_thread.ticket_id
    on conflict (mailbox_id, thread_id) do update set ticket_id = excluded.ticket_id,
      changes = h.changes + excluded.changes;
end $$;

-- Conversations whose label is behind, with what is to stand there: a status, or nothing on spam.
create or replace function public.list_unlabelled(mailbox_id uuid, "limit" integer default 50) returns jsonb
language sql stable security definer set search_path = desk, public, pg_temp as $$
  select coalesce(jsonb_agg(jsonb_build_object('thread_id', x.thread_id, 'changes', x.changes,
      'status', case when not t.spam then t.status end) order by x.thread_id), '[]')
  from (select h.* from threads h where h.mailbox_id = list_unlabelled.mailbox_id and h.shown < h.changes
      order by h.thread_id limit list_unlabelled."limit") x
    join tickets t on t.id = x.ticket_id;
$$;
grant execute on function public.list_unlabelled to service_role;

-- The provider shows these as they were at `changes`, one for each; what changed meanwhile stays behind.
create or replace function public.mark_labelled(mailbox_id uuid, thread_ids text[], changes integer[]) returns void
language sql volatile security definer set search_path = desk, public, pg_temp as $$
  update threads h set shown = greatest(h.shown, x.changes)
  from unnest(mark_labelled.thread_ids, mark_labelled.changes) x (thread_id, changes)
  where h.mailbox_id = mark_labelled.mailbox_id and h.thread_id = x.thread_id;
$$;
grant execute on function public.mark_labelled to service_role;

-- Mail out. A claim is a lease: when its holder dies, it runs out and another may take over,
-- who then asks the mailbox whether the mail had left.

-- What the recipients' mail programs know a message of ours as, where the provider gave it another Message-ID.
create or replace function desk.known_as(message_ids text[]) returns text[]
language sql stable set search_path = desk, public, pg_temp as $$
  select coalesce(array_agg(coalesce(m.provider_message_id, x.id) order by x.ord), '{}')
  from unnest(known_as.message_ids) with ordinality x (id, ord)
    left join messages m on m.message_id = x.id and m.direction = 'outgoing' and m.provider_message_id is not null;
$$;

-- The provider's conversation that an answer goes into, with the subject of the mail that it answers: only with the
-- same subject it stays in there. Where we began it ourselves: the subject of what we began it with, if that was
-- another than the ticket's.
create or replace function desk.thread_to_answer(
  m desk.messages, t desk.tickets, mailbox_id uuid, out thread_id text, out subject text
)
language plpgsql stable set search_path = desk, public, pg_temp as $$
begin
  select d.thread_id, r.subject into thread_to_answer.thread_id, thread_to_answer.subject
    from messages p join raw_mails r on r.id = p.raw_mail_id
      join deliveries d on d.raw_mail_id = r.id and d.mailbox_id = thread_to_answer.mailbox_id
    where p.ticket_id = t.id and d.thread_id is not null
    order by p.message_id = m.in_reply_to desc, d.thread_id = t.gmail_thread_id desc, p.created_at desc limit 1;
  if not found then
    select h.thread_id into thread_to_answer.thread_id from threads h
      where h.ticket_id = t.id and h.mailbox_id = thread_to_answer.mailbox_id
      order by h.thread_id = t.gmail_thread_id desc limit 1;
    select b.subject into thread_to_answer.subject from messages b
      where b.ticket_id = t.id and b.direction = 'outgoing' and b.id <> m.id and thread_to_answer.thread_id is not null
      order by b.created_at limit 1;
  end if;
end $$;

create or replace function desk.outgoing_json(m desk.messages, o desk.outbox) returns jsonb
language sql stable set search_path = desk, public, pg_temp as $$
  select jsonb_build_object(
    'id', m.id, 'number', t.number, 'subject', coalesce(m.subject, t.subject), 'message_id', m.message_id,
    'in_reply_to', (desk.known_as(array[m.in_reply_to]))[1], 'references', to_jsonb(desk.known_as(m.reference_ids)),
    'sender', jsonb_build_object('name', coalesce(b.display_name, ''), 'email', coalesce(b.address, m.sender_email)),
    'author_name', m.sender_name, 'recipients', m.recipients, 'content', m.content,
    'signature', coalesce(nullif(a.signature, ''), b.signature, ''),
    'attachments', desk.attachments_json(m.id), 'automatic', m.automatic,
    'reply_token', coalesce(t.reply_token, ''), 'portal_email', desk.portal_email(m, t.user_id),
    'attempts', o.attempts, 'created_at', m.created_at, 'thread_id', h.thread_id, 'thread_subject', h.subject,
    'keeps_subject', b.kind = 'gmail',
    'unsure_seconds', extract(epoch from clock_timestamp() - o.unsure_since))
  from (select) letter left join tickets t on t.id = m.ticket_id
    left join mailboxes b on b.id = desk.sending_mailbox(t.mailbox_id)
    cross join desk.thread_to_answer(m, t, b.id) h
    left join support_agents a on a.id = m.author_id;
$$;

create or replace function desk.is_others(mailbox_id uuid, worker text) returns boolean
language sql stable set search_path = desk, public, pg_temp as $$
  select exists (select from mailboxes b where b.id = is_others.mailbox_id
    and b.leased_by <> is_others.worker and b.leased_until >= clock_timestamp());
$$;

-- Takes the oldest answer that is due, but none while an earlier one on its ticket has not left. One that may have
-- left counts from then on: to look for it takes long, and holds up no other. With a mailbox, only what leaves from
-- that one. Nothing is given to one daemon out of a mailbox that another one works on. What may have left by another
-- mailbox waits for that one: nobody else can say whether it did.
-- The same request once more gets the same answer again.
create or replace function public.claim_outgoing(
  worker text, seconds double precision default 120, mailbox_id uuid default null, request_id uuid default null
) returns jsonb
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_outbox outbox;
  v_message messages;
  v_default uuid := desk.default_mailbox();
begin
  perform pg_advisory_xact_lock(hashtextextended(claim_outgoing.request_id::text, 1));
  select * into v_outbox from outbox where state = 'sending' and claimed_by = claim_outgoing.request_id;
  if found then
    select * into v_message from messages where id = v_outbox.message_id;
    return desk.outgoing_json(v_message, v_outbox);
  end if;
  perform desk.write_portal_letters();
  select d.* into v_outbox from outbox d join messages m on m.id = d.message_id left join tickets t on t.id = m.ticket_id
      left join mailboxes b on b.id = t.mailbox_id and b.connected
    where d.state in ('waiting', 'sending') and d.not_before <= clock_timestamp()
      and (d.state = 'waiting' or d.leased_until < clock_timestamp())
      and (claim_outgoing.mailbox_id is null or coalesce(b.id, v_default) = claim_outgoing.mailbox_id)
      and not desk.is_others(coalesce(b.id, v_default), claim_outgoing.worker)
      and (d.unsure_since is null or d.unsure_in is null or d.unsure_in = coalesce(b.id, v_default))
      and not exists (select from outbox e join messages f on f.id = e.message_id
        where f.ticket_id = m.ticket_id and e.state in ('waiting', 'sending') and f.created_at < m.created_at)
    order by greatest(d.not_before, d.unsure_since) limit 1 for update of d skip locked;
  if not found then
    return null;
  end if;
  v_outbox.attempts := v_outbox.attempts + 1;
  update outbox set state = 'sending', leased_by = claim_outgoing.worker, claimed_by = claim_outgoing.request_id,
      attempts = v_outbox.attempts, leased_until = clock_timestamp() + make_interval(secs => claim_outgoing.seconds)
    where message_id = v_outbox.message_id;
  select * into v_message from messages where id = v_outbox.message_id;
  return desk.outgoing_json(v_message, v_outbox);
end $$;
grant execute on function public.claim_outgoing to service_role;

-- Asked in the last moment before a mail leaves: is the claim still this worker's? Then it runs anew, and from
-- now on the mail may have left, whatever becomes of the worker. When not, another one may have sent it meanwhile.
create or replace function public.hold_outgoing(
  id uuid, worker text, attempt integer, seconds double precision default 120
) returns jsonb
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
begin
  update outbox o set leased_until = clock_timestamp() + make_interval(secs => hold_outgoing.seconds),
      unsure_since = clock_timestamp(), unsure_in = desk.sending_mailbox(t.mailbox_id)
    from messages m left join tickets t on t.id = m.ticket_id
    where o.message_id = hold_outgoing.id and m.id = o.message_id
      and o.state = 'sending' and o.leased_by = hold_outgoing.worker and o.attempts = hold_outgoing.attempt
      and not desk.is_others(desk.sending_mailbox(t.mailbox_id), hold_outgoing.worker);
  return to_jsonb(found);
end $$;
grant execute on function public.hold_outgoing to service_role;

-- What an earlier life of a worker had claimed (for this mailbox) is due again at once.
create or replace function public.release_outgoing(worker text, mailbox_id uuid default null) returns void
language sql volatile security definer set search_path = desk, public, pg_temp as $$
  update outbox o set leased_until = '-infinity'
  from messages m left join tickets t on t.id = m.ticket_id
  where m.id = o.message_id and o.state = 'sending' and o.leased_by = release_outgoing.worker
    and (release_outgoing.mailbox_id is null
      or desk.sending_mailbox(t.mailbox_id) = release_outgoing.mailbox_id);
$$;
grant execute on function public.release_outgoing to service_role;

create or replace function public.mark_sent(
  id uuid, provider_id text, provider_message_id text default null, provider_thread_id text default null
) returns void
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_message messages;
begin
  perform desk.lock_names(array[(select m.message_id from messages m where m.id = mark_sent.id),
    mark_sent.provider_message_id, mark_sent.provider_id]);
  update outbox set state = 'sent', settled_at = now(), provider_id = mark_sent.provider_id, last_error = null,
      unsure_since = null
    where message_id = mark_sent.id and state in ('waiting', 'sending', 'failed');
  if not found then
    return;                                -- noted before
  end if;
  update messages m set sent_at = now(),
      provider_message_id = nullif(mark_sent.provider_message_id, m.message_id),
      gmail_message_id = case when mark_sent.provider_thread_id is not null then mark_sent.provider_id end
    where m.id = mark_sent.id returning * into v_message;
  update recipients r set state = 'sent', detail = '', updated_at = now()
    where r.message_id = v_message.id and desk.weight(r.state) = 0;
  update outbox set state = 'bounced'      -- it came back sooner than it was noted
    where message_id = v_message.id and exists (select from recipients r
      where r.message_id = v_message.id and r.state = 'bounced');
  update tickets set gmail_thread_id = mark_sent.provider_thread_id
    where id = v_message.ticket_id and gmail_thread_id is null and mark_sent.provider_thread_id is not null;
  perform desk.enter_thread(jsonb_build_object('gmail_thread_id', mark_sent.provider_thread_id, 'mailbox_id',
    (select desk.sending_mailbox(t.mailbox_id) from tickets t where t.id = v_message.ticket_id)),
    v_message.ticket_id);
  if v_message.ticket_id is not null then  -- a letter is no ticket's affair
    perform desk.record_event(v_message.ticket_id, 'sent', after => jsonb_build_object('message', v_message.id));
  end if;
  perform desk.join_reports(v_message.id);
end $$;
grant execute on function public.mark_sent to service_role;

-- An answer that could not leave is tried again later, or given up and shown to its author; one that nobody wrote
-- changes nothing about its ticket. Only the newest
-- attempt has a say: an older one may have been given up for dead and come back. `unsure_seconds`: so long ago
-- the mail may have left after all; null: it has not.
create or replace function public.mark_failed(
  id uuid, error text, retry_seconds double precision default null, attempt integer default null,
  unsure_seconds double precision default null
) returns void
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_message messages;
  v_ticket tickets;
begin
  select * into v_message from messages m where m.id = mark_failed.id;
  update outbox o set state = case when retry_seconds is null then 'failed' else 'waiting' end::delivery_state,
      last_error = error, not_before = coalesce(clock_timestamp() + make_interval(secs => retry_seconds), not_before),
      settled_at = case when retry_seconds is null then now() end,
      unsure_since = clock_timestamp() - make_interval(secs => mark_failed.unsure_seconds)
    where message_id = v_message.id and attempts = coalesce(attempt, attempts)
      and (state = 'sending' or state = 'waiting' and retry_seconds is null);
  if not found or retry_seconds is not null then
    return;
  end if;
  update recipients set state = 'failed', detail = error, updated_at = now() where message_id = v_message.id;
  select * into v_ticket from tickets t where t.id = v_message.ticket_id for update;
  if found then
    perform desk.change_ticket(v_ticket, case when v_message.automatic then '{}'
      else '{"status": "open"}' end::jsonb, 'failed', error);
  end if;
end $$;
grant execute on function public.mark_failed to service_role;

-- Seconds until something is due (from this mailbox), 0 when it is already; null when there is nothing. What waits
-- for an earlier answer on its ticket is not due before that one.
create or replace function public.due_in(mailbox_id uuid default null) returns jsonb
language sql stable security definer set search_path = desk, public, pg_temp as $$
  select case when count(*) > 0 then to_jsonb(greatest(extract(epoch from min(
    case when o.state = 'sending' then greatest(o.not_before, o.leased_until) else o.not_before end)
    - clock_timestamp()), 0)) end
  from outbox o join messages m on m.id = o.message_id left join tickets t on t.id = m.ticket_id
    left join mailboxes b on b.id = t.mailbox_id and b.connected
    cross join lateral (select coalesce(b.id, (select desk.default_mailbox())) as id) s
  where o.state in ('waiting', 'sending')
    and not exists (select from outbox e join messages f on f.id = e.message_id
      where f.ticket_id = m.ticket_id and e.state in ('waiting', 'sending') and f.created_at < m.created_at)
    and (o.unsure_since is null or o.unsure_in is null or o.unsure_in = s.id)
    and (due_in.mailbox_id is null or s.id = due_in.mailbox_id);
$$;
grant execute on function public.due_in to service_role;

-- What is on its way and what did not get away. An answer is overdue once it could have left: since when it
-- was due, or, where it was tried before, since it was written. One that was given up counts as long as its
-- ticket is open and nothing was written after it.
create or replace function public.count_outbox() returns jsonb
language plpgsql stable security definer set search_path = desk, public, pg_temp as $$
declare
  v_departments text[] := desk.my_departments();
begin
  perform desk.require_reader();
  return (
    select jsonb_build_object('waiting', count(*),
      'overdue_since', min(case when o.attempts = 0 then o.not_before else m.created_at end)
        filter (where o.attempts > 0 or o.not_before <= now()),
      'problem', (array_agg(o.last_error order by m.created_at) filter (where o.last_error is not null))[1])
    from outbox o join messages m on m.id = o.message_id
    where o.state in ('waiting', 'sending') and desk.is_open_to(m.ticket_id, v_departments)
  ) || jsonb_build_object('failed', (
    select coalesce(jsonb_agg(distinct t.number), '[]')
    from outbox o join messages m on m.id = o.message_id join tickets t on t.id = m.ticket_id
    where o.state = 'failed' and not m.automatic and t.status = 'open' and desk.is_visible(t.department, v_departments) and not exists (
      select from messages later
      where later.ticket_id = t.id and later.direction = 'outgoing' and later.created_at > m.created_at)));
end $$;
grant execute on function public.count_outbox to authenticated, service_role;

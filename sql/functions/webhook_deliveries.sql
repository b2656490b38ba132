-- What is sent to webhooks. A delivery is made of each event that a webhook wants, once: the cursor of the webhook and
-- the delivery move in one transaction. It is claimed, sent and settled as an answer in the outbox is, but may reach
-- its receiver twice: that one knows it by its id, which is the same at each try.

create or replace function desk.webhook_type(e desk.events) returns text
language sql immutable set search_path = desk, public, pg_temp as $$
  select case when e.ticket_id is not null then 'ticket.' || e.kind when e.kind = 'quarantined' then 'mail.quarantined'
    else replace(e.kind, '_', '.') end;
$$;

-- The message that came or left with an event; null where it is about none.
create or replace function desk.message_of_event(e desk.events) returns desk.messages
language plpgsql stable set search_path = desk, public, pg_temp as $$
declare
  v_message messages;
  v_id uuid := coalesce(e.after ->> 'message', case when e.kind = 'replied' then e.request_id::text end)::uuid;
begin
  if v_id is not null then
    select * into v_message from messages m where m.id = v_id;
  elsif e.kind = 'created' then
    select * into v_message from messages m where m.ticket_id = e.ticket_id order by m.arrival limit 1;
  end if;
  return v_message;
end $$;

-- A message as it is sent: what was said, not how the desk came to it. A very long one is cut; the API has it whole.
create or replace function desk.webhook_message_json(m desk.messages) returns jsonb
language sql stable set search_path = desk, public, pg_temp as $$
  select jsonb_build_object('id', m.id, 'direction', m.direction, 'sender_email', m.sender_email,
    'sender_name', m.sender_name, 'recipients', m.recipients, 'content', left(m.content, 16000),
    'truncated', length(m.content) > 16000, 'automatic', m.automatic, 'message_id', m.message_id,
    'created_at', m.created_at, 'attachments', desk.attachments_json(m.id));
$$;

create or replace function desk.webhook_payload(e desk.events, with_notes boolean) returns jsonb
language plpgsql stable set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_data jsonb := jsonb_build_object('event', desk.event_json(e));
  v_message messages := desk.message_of_event(e);
begin
  if e.ticket_id is not null then
    v_data := v_data || jsonb_build_object('ticket', (select desk.ticket_json(t) from tickets t where t.id = e.ticket_id));
  end if;
  if v_message.id is not null then
    v_data := v_data || jsonb_build_object('message', desk.webhook_message_json(v_message));
  end if;
  if e.kind = 'noted' and with_notes then
    v_data := v_data || coalesce((select jsonb_build_object('note', jsonb_build_object('id', n.id,
        'author_email', u.email, 'author_name', u.name, 'content', n.content, 'created_at', n.created_at))
      from notes n join users u on u.id = n.author_id where n.id = e.request_id and n.removed_at is null), '{}');
  end if;
  return jsonb_build_object('type', desk.webhook_type(e), 'timestamp', e.created_at, 'data', v_data);
end $$;

-- Whether a webhook is told of an event: of its types, and of spam only that it became that, or is none any more.
create or replace function desk.is_wanted(w desk.webhooks, e desk.events) returns boolean
language sql stable set search_path = desk, public, pg_temp as $$
  select (w.events = '{}' or desk.webhook_type(e) = any (w.events))
    and (e.after ? 'spam' or not exists (select from tickets t where t.id = e.ticket_id and t.spam));
$$;

create or replace function desk.is_behind(cursor text) returns boolean
language sql stable set search_path = desk, public, pg_temp as $$
  select exists (select from events e where e.xid >= split_part(is_behind.cursor, ':', 1)::xid8
    and e.id <> all (coalesce(string_to_array(nullif(split_part(is_behind.cursor, ':', 2), ''), ',')::bigint[], '{}')));
$$;

-- What there is to do: whether events wait to become deliveries, and of each webhook how many seconds from now it has
-- one to send. Asked at every nudge, so it writes nothing.
create or replace function public.webhooks_due() returns jsonb
language sql stable security definer set search_path = desk, public, pg_temp as $$
  select jsonb_build_object(
    'behind', coalesce(bool_or(desk.is_behind(w.cursor)), false),
    'webhooks', coalesce(jsonb_agg(jsonb_build_object('id', w.id, 'url', w.url, 'failing_since', w.failing_since,
      'last_error', w.last_error, 'due_in', (
        select case when count(*) > 0 then greatest(extract(epoch from min(case when d.state = 'sending'
          then greatest(d.next_attempt_at, d.leased_until) else d.next_attempt_at end) - clock_timestamp()), 0) end
        from webhook_deliveries d where d.webhook_id = w.id and d.state in ('waiting', 'sending')))
      order by w.created_at, w.id), '[]'))
  from webhooks w where w.active;
$$;
grant execute on function public.webhooks_due to service_role;

-- Makes deliveries of the next events, at most so many for each webhook; says of how many. One that another daemon is
-- at is left to that.
create or replace function public.queue_webhook_deliveries("limit" integer default 500) returns jsonb
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_webhook webhooks;
  v_page jsonb;
  v_count integer := 0;
begin
  for v_webhook in
    select * from webhooks w where w.active and desk.is_behind(w.cursor) order by w.id for update skip locked
  loop
    v_page := public.events_since(v_webhook.cursor, "limit");
    insert into webhook_deliveries (webhook_id, event_id, type, payload)
      select v_webhook.id, e.id, desk.webhook_type(e), desk.webhook_payload(e, v_webhook.notes)
      from jsonb_array_elements(v_page -> 'events') with ordinality x (value, ord)
        join events e on e.id = (x.value ->> 'id')::bigint
      where desk.is_wanted(v_webhook, e) order by x.ord
      on conflict (webhook_id, event_id) do nothing;
    update webhooks w set cursor = v_page ->> 'cursor' where w.id = v_webhook.id;
    v_count := v_count + jsonb_array_length(v_page -> 'events');
  end loop;
  return to_jsonb(v_count);
end $$;
grant execute on function public.queue_webhook_deliveries to service_role;

create or replace function desk.claimed_json(w desk.webhooks, request_id uuid) returns jsonb
language sql stable set search_path = desk, public, pg_temp as $$
  select case when count(*) > 0 then jsonb_build_object('url', w.url,
    'secrets', to_jsonb(array[w.secret] || case when w.old_secret_until > now() then array[w.old_secret] else '{}' end),
    'deliveries', jsonb_agg(jsonb_build_object('id', d.id, 'message_id', d.message_id, 'type', d.type,
      'payload', d.payload, 'attempts', d.attempts) order by d.id)) end
  from webhook_deliveries d
  where d.webhook_id = w.id and d.state = 'sending' and d.claimed_by = claimed_json.request_id;
$$;

-- The oldest that are due, leased to the worker, and all it takes to send them; null when there are none. The same
-- request once more gets the same ones again.
create or replace function public.claim_webhook_deliveries(
  webhook_id uuid, worker text, seconds double precision default 180, "limit" integer default 8,
  request_id uuid default gen_random_uuid()
) returns jsonb
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_webhook webhooks;
begin
  perform pg_advisory_xact_lock(hashtextextended(request_id::text, 1));
  select * into v_webhook from webhooks w where w.id = claim_webhook_deliveries.webhook_id and w.active;
  if not exists (select from webhook_deliveries d where d.claimed_by = claim_webhook_deliveries.request_id
      and d.webhook_id = v_webhook.id and d.state = 'sending') then
    update webhook_deliveries d set state = 'sending', attempts = d.attempts + 1, leased_by = claim_webhook_deliveries.worker,
        leased_until = clock_timestamp() + make_interval(secs => claim_webhook_deliveries.seconds),
        claimed_by = claim_webhook_deliveries.request_id
      where d.id in (
        select c.id from webhook_deliveries c
        where c.webhook_id = v_webhook.id and c.state in ('waiting', 'sending') and c.next_attempt_at <= clock_timestamp()
          and (c.state = 'waiting' or c.leased_until < clock_timestamp())
        order by c.next_attempt_at, c.id limit claim_webhook_deliveries."limit" for update skip locked);
  end if;
  return desk.claimed_json(v_webhook, request_id);
end $$;
grant execute on function public.claim_webhook_deliveries to service_role;

create or replace function desk.disable_webhook(id uuid, reason text) returns void
language plpgsql volatile set search_path = desk, public, pg_temp as $$
begin
  update webhooks w set active = false, off_reason = disable_webhook.reason
    where w.id = disable_webhook.id and w.active;
  if found then
    perform desk.record_event(null, 'webhook_disabled', after => jsonb_build_object('webhook', disable_webhook.id),
      reason => disable_webhook.reason);
  end if;
end $$;

-- What came of an attempt: without an error it was delivered; else it is tried again, or given up. Only who holds the
-- claim has a say. One whose every attempt fails for three days is switched off, and so is one that says it is `gone`.
create or replace function public.settle_webhook_delivery(
  id bigint, worker text, attempt integer, status integer default null, answer text default '', error text default null,
  retry_seconds double precision default null, gone boolean default false
) returns jsonb
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_delivery webhook_deliveries;
  v_since timestamptz;
begin
  update webhook_deliveries d set status = settle_webhook_delivery.status, answer = settle_webhook_delivery.answer,
      error = settle_webhook_delivery.error, attempted_at = now(), leased_by = null, leased_until = null,
      state = case when settle_webhook_delivery.error is null then 'delivered' when retry_seconds is null then 'failed'
        else 'waiting' end::webhook_state,
      next_attempt_at = coalesce(clock_timestamp() + make_interval(secs => retry_seconds), d.next_attempt_at),
      settled_at = case when settle_webhook_delivery.error is null or retry_seconds is null then now() end
    where d.id = settle_webhook_delivery.id and d.state = 'sending' and d.leased_by = settle_webhook_delivery.worker
      and d.attempts = settle_webhook_delivery.attempt
    returning d.* into v_delivery;
  if not found then
    return to_jsonb(false);
  end if;
  if v_delivery.error is null then
    update webhooks w set failing_since = null, last_error = null
      where w.id = v_delivery.webhook_id and w.failing_since is not null;
    return to_jsonb(true);
  end if;
  update webhooks w set failing_since = coalesce(w.failing_since, now()), last_error = v_delivery.error
    where w.id = v_delivery.webhook_id returning w.failing_since into v_since;
  if gone then
    perform desk.disable_webhook(v_delivery.webhook_id, 'The receiver says that it is gone (410).');
  elsif v_since < now() - interval '3 days' then
    perform desk.disable_webhook(v_delivery.webhook_id, 'Nothing came through for three days. ' || v_delivery.error);
  end if;
  return to_jsonb(true);
end $$;
grant execute on function public.settle_webhook_delivery to service_role;

-- What an earlier life of a worker had claimed is due again at once.
create or replace function public.release_webhook_deliveries(worker text) returns void
language sql volatile security definer set search_path = desk, public, pg_temp as $$
  update webhook_deliveries d set leased_until = '-infinity'
  where d.state = 'sending' and d.leased_by = release_webhook_deliveries.worker;
$$;
grant execute on function public.release_webhook_deliveries to service_role;

-- The log is kept for a while: it repeats what customers wrote.
create or replace function public.forget_webhook_deliveries(before timestamptz) returns void
language sql volatile security definer set search_path = desk, public, pg_temp as $$
  delete from webhook_deliveries d where d.settled_at < forget_webhook_deliveries.before;
$$;
grant execute on function public.forget_webhook_deliveries to service_role;

-- What was sent to a webhook, what became of it, and how to have it sent again.

create or replace function desk.webhook_delivery_json(d desk.webhook_deliveries, with_payload boolean) returns jsonb
language sql stable set search_path = desk, public, pg_temp as $$
  select jsonb_build_object('id', d.id, 'webhook_id', d.webhook_id, 'message_id', d.message_id, 'type', d.type,
    'number', d.payload #> '{data,ticket,number}', 'state', d.state, 'attempts', d.attempts,
    'created_at', d.created_at, 'attempted_at', d.attempted_at, 'settled_at', d.settled_at,
    'next_attempt_at', case when d.state = 'waiting' then d.next_attempt_at end,
    'status', d.status, 'answer', d.answer, 'error', d.error,
    'payload', case when with_payload then d.payload end);
$$;

-- The newest first, behind the one with the id `after`.
create or replace function public.list_webhook_deliveries(
  webhook_id uuid, state webhook_state default null, after bigint default null, "limit" integer default 50,
  payloads boolean default false
) returns jsonb
language plpgsql stable security definer set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
begin
  perform desk.require_admin();
  return (
    select coalesce(jsonb_agg(desk.webhook_delivery_json(x.d, payloads) order by (x.d).id desc), '[]') from (
      select d from webhook_deliveries d
      where d.webhook_id = list_webhook_deliveries.webhook_id
        and (list_webhook_deliveries.state is null or d.state = list_webhook_deliveries.state)
        and (list_webhook_deliveries.after is null or d.id < list_webhook_deliveries.after)
      order by d.id desc limit list_webhook_deliveries."limit") x);
end $$;
grant execute on function public.list_webhook_deliveries to authenticated, service_role;

-- Sends again: the deliveries that are named, whatever became of them, and of all events since a moment those that did
-- not come through or were never sent, because the webhook was switched off. Each keeps its id. Says how many wait now.
create or replace function public.replay_webhook(
  id uuid, deliveries bigint[] default '{}', since timestamptz default null
) returns jsonb
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_webhook webhooks;
  v_unknown text;
begin
  perform desk.require_admin();
  v_webhook := desk.known_webhook(id);
  select string_agg(n::text, ', ') into v_unknown from unnest(deliveries) n
    where not exists (select from webhook_deliveries d where d.id = n and d.webhook_id = v_webhook.id);
  if v_unknown is not null then
    raise exception 'This webhook has no delivery %.', v_unknown using errcode = 'PT404',
      hint = 'See ttydesk webhook deliveries.';
  end if;
  insert into webhook_deliveries (webhook_id, event_id, type, payload)
    select v_webhook.id, e.id, desk.webhook_type(e), desk.webhook_payload(e, v_webhook.notes)
    from events e where e.created_at >= replay_webhook.since and desk.is_wanted(v_webhook, e) order by e.id
    on conflict (webhook_id, event_id) do nothing;
  update webhook_deliveries d set state = 'waiting', attempts = 0, next_attempt_at = clock_timestamp(), settled_at = null
    where d.webhook_id = v_webhook.id
      and (d.id = any (replay_webhook.deliveries) and d.state <> 'sending'
        or d.state = 'failed' and exists (select from events e
          where e.id = d.event_id and e.created_at >= replay_webhook.since));
  return (select to_jsonb(count(*)) from webhook_deliveries d
    where d.webhook_id = v_webhook.id and d.state in ('waiting', 'sending'));
end $$;
grant execute on function public.replay_webhook to authenticated, service_role;

-- A message that is about nothing, to see whether it arrives. The answer is its delivery.
create or replace function public.test_webhook(id uuid, request_id uuid default gen_random_uuid()) returns jsonb
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_webhook webhooks;
  v_delivery webhook_deliveries;
begin
  perform desk.require_admin();
  v_webhook := desk.known_webhook(id);
  if not v_webhook.active then
    raise exception 'This webhook is switched off.' using errcode = 'PT409',
      hint = 'Switch it on with ttydesk webhook update, and --active.';
  end if;
  select * into v_delivery from webhook_deliveries d
    where d.webhook_id = v_webhook.id and d.message_id = test_webhook.request_id;
  if not found then
    insert into webhook_deliveries (webhook_id, message_id, type, payload)
      values (v_webhook.id, test_webhook.request_id, 'webhook.test', jsonb_build_object('type', 'webhook.test',
        'timestamp', now(), 'data', jsonb_build_object('webhook', v_webhook.id)))
      returning * into v_delivery;
  end if;
  return desk.webhook_delivery_json(v_delivery, false);
end $$;
grant execute on function public.test_webhook to authenticated, service_role;

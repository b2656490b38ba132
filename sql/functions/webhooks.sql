-- Webhooks, as admins mind them. How their messages leave is in webhook_deliveries.sql.

-- The types of messages, as docs/web.md tells them. Each is a kind of event and the thing it is about.
create or replace function desk.webhook_types() returns text[]
language sql immutable set search_path = desk, public, pg_temp as $$
  select array['ticket.created', 'ticket.received', 'ticket.replied', 'ticket.unsent', 'ticket.sent', 'ticket.failed',
    'ticket.delivered', 'ticket.delayed', 'ticket.bounced', 'ticket.complained', 'ticket.no_receipt', 'ticket.noted',
    'ticket.updated', 'ticket.undone', 'mail.quarantined', 'webhook.disabled'];
$$;

-- The secret is in none of them: who made it has seen it.
create or replace function desk.webhook_json(w desk.webhooks) returns jsonb
language sql stable set search_path = desk, public, pg_temp as $$
  select jsonb_build_object('id', w.id, 'url', w.url, 'description', w.description, 'events', to_jsonb(w.events),
    'notes', w.notes, 'active', w.active, 'off_reason', w.off_reason, 'failing_since', w.failing_since,
    'last_error', w.last_error, 'created_at', w.created_at,
    'created_by', (select email from users where id = w.created_by),
    'waiting', (select count(*) from webhook_deliveries d where d.webhook_id = w.id and d.state in ('waiting', 'sending')),
    'failed', (select count(*) from webhook_deliveries d where d.webhook_id = w.id and d.state = 'failed'));
$$;

create or replace function desk.known_webhook(id uuid) returns desk.webhooks
language plpgsql volatile set search_path = desk, public, pg_temp as $$
declare
  v_webhook webhooks;
begin
  select * into v_webhook from webhooks w where w.id = known_webhook.id for update;
  if not found then
    raise exception 'There is no webhook %.', known_webhook.id using errcode = 'PT404',
      hint = 'See ttydesk webhook list.';
  end if;
  return v_webhook;
end $$;

-- What nobody can send to, or would not be told of. Where an address leads is looked at by who resolves its name.
create or replace function desk.check_webhook(w desk.webhooks) returns void
language plpgsql stable set search_path = desk, public, pg_temp as $$
declare
  v_unknown text;
begin
  if w.url !~ '^https?://[^/?#@[:space:]\\]+([/?][^#[:space:]]*)?$' or length(w.url) > 2000 then
    raise exception 'This is no address that a webhook can have.' using errcode = 'PT422',
      hint = 'It looks like https://example.com/hooks, without a name, a password or a # in it.';
  end if;
  if w.secret !~ '^whsec_[A-Za-z0-9+/]{32,86}={0,2}$' then
    raise exception 'This is no secret of a webhook.' using errcode = 'PT422',
      hint = 'It is whsec_ and 24 to 64 bytes in Base64.';
  end if;
  select string_agg(t, ', ') into v_unknown from unnest(w.events) t where t <> all (desk.webhook_types());
  if v_unknown is not null then
    raise exception 'There is no event %.', v_unknown using errcode = 'PT422',
      hint = 'There are ' || array_to_string(desk.webhook_types(), ', ') || '.';
  end if;
end $$;

-- Told of what happens from now on.
create or replace function public.add_webhook(
  url text, secret text, events text[] default '{}', notes boolean default false, description text default '',
  request_id uuid default gen_random_uuid()
) returns jsonb
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_webhook webhooks;
begin
  perform desk.require_admin();
  perform pg_advisory_xact_lock(hashtextextended(add_webhook.request_id::text, 1));
  select * into v_webhook from webhooks w where w.id = add_webhook.request_id;
  if not found then
    v_webhook := jsonb_populate_record(null::webhooks, jsonb_build_object('id', request_id, 'url', url,
      'secret', secret, 'events', to_jsonb(events), 'notes', notes, 'description', description, 'active', true,
      'off_reason', '', 'cursor', public.events_since() ->> 'cursor', 'created_by', desk.me(), 'created_at', now()));
    perform desk.check_webhook(v_webhook);
    insert into webhooks select v_webhook.*;
  end if;
  return desk.webhook_json(v_webhook);
end $$;
grant execute on function public.add_webhook to authenticated, service_role;

-- `changes` holds any of url, secret, events, notes, description and active. A secret that gives way signs for one
-- day more. Switched on again, it is told of what happens from then on, and of what waited before.
create or replace function public.update_webhook(id uuid, changes jsonb) returns jsonb
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_old webhooks;
  v_new webhooks;
  v_unknown text;
begin
  perform desk.require_admin();
  select string_agg(key, ', ') into v_unknown from jsonb_object_keys(changes) key
    where key <> all (array['url', 'secret', 'events', 'notes', 'description', 'active']);
  if v_unknown is not null then
    raise exception 'A webhook has no field %.', v_unknown using errcode = 'PT422';
  end if;
  v_old := desk.known_webhook(id);
  v_new := jsonb_populate_record(v_old, changes);
  perform desk.check_webhook(v_new);
  if v_new.secret <> v_old.secret then
    v_new.old_secret := v_old.secret;
    v_new.old_secret_until := now() + interval '1 day';
  end if;
  if v_new.active and not v_old.active then
    v_new.cursor := public.events_since() ->> 'cursor';
    v_new.off_reason := '';
  end if;
  if v_new.active and not v_old.active or v_new.url <> v_old.url then
    v_new.failing_since := null;
    v_new.last_error := null;
    update webhook_deliveries d set next_attempt_at = now() where d.webhook_id = v_old.id and d.state = 'waiting';
  end if;
  update webhooks w set url = v_new.url, secret = v_new.secret, old_secret = v_new.old_secret,
      old_secret_until = v_new.old_secret_until, events = v_new.events, notes = v_new.notes,
      description = v_new.description, active = v_new.active, off_reason = v_new.off_reason, cursor = v_new.cursor,
      failing_since = v_new.failing_since, last_error = v_new.last_error
    where w.id = v_old.id;
  return desk.webhook_json(v_new);
end $$;
grant execute on function public.update_webhook to authenticated, service_role;

create or replace function public.list_webhooks() returns jsonb
language plpgsql stable security definer set search_path = desk, public, pg_temp as $$
begin
  perform desk.require_admin();
  return (select coalesce(jsonb_agg(desk.webhook_json(w) order by w.created_at, w.id), '[]') from webhooks w);
end $$;
grant execute on function public.list_webhooks to authenticated, service_role;

-- With the log of its deliveries.
create or replace function public.remove_webhook(id uuid) returns void
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
begin
  perform desk.require_admin();
  delete from webhooks w where w.id = remove_webhook.id;
end $$;
grant execute on function public.remove_webhook to authenticated, service_role;

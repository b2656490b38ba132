-- What happened: written by every operation, read by screens, undo and explanations.

create or replace function desk.record_event(
  ticket_id uuid, kind text, before jsonb default '{}', after jsonb default '{}',
  reason text default '', request_id uuid default null
) returns void
language plpgsql volatile set search_path = desk, public, pg_temp as $$
begin
  insert into events (ticket_id, kind, actor_id, before, after, reason, request_id)
    values (record_event.ticket_id, record_event.kind, desk.me(),
      record_event.before, record_event.after, record_event.reason, record_event.request_id);
end $$;

-- Has this command been carried out already? Asked by every operation that takes a request id.
-- The lock makes a second call that arrives meanwhile wait for the first.
create or replace function desk.is_done(request_id uuid) returns boolean
language plpgsql volatile set search_path = desk, public, pg_temp as $$
begin
  perform pg_advisory_xact_lock(hashtextextended(is_done.request_id::text, 1));
  return exists (select from events e where e.request_id = is_done.request_id);
end $$;

-- An assignee is stored by id and shown by address.
create or replace function desk.readable(change jsonb) returns jsonb
language sql stable set search_path = desk, public, pg_temp as $$
  select case when change ? 'assigned_to' then
    (change - 'assigned_to') || jsonb_build_object('assignee',
      (select email from users where id = (change ->> 'assigned_to')::uuid))
    else change end;
$$;

create or replace function desk.event_json(e desk.events) returns jsonb
language sql stable set search_path = desk, public, pg_temp as $$
  select jsonb_build_object(
    'id', e.id, 'kind', e.kind, 'reason', e.reason, 'request_id', e.request_id, 'created_at', e.created_at,
    'number', (select number from tickets where id = e.ticket_id),
    'actor_email', (select email from users where id = e.actor_id),
    'before', desk.readable(e.before), 'after', desk.readable(e.after));
$$;

create or replace function public.list_events(number bigint, "limit" integer default 200) returns jsonb
language plpgsql stable security definer set search_path = desk, public, pg_temp as $$
declare
  v_ticket uuid;
begin
  perform desk.require_reader();
  v_ticket := (desk.known_ticket(number)).id;
  return (
    select coalesce(jsonb_agg(desk.event_json(e) order by e.id), '[]') from (
      select e.* from events e where e.ticket_id = v_ticket order by e.id desc limit list_events."limit") e);
end $$;
grant execute on function public.list_events to authenticated, service_role;

-- The position behind everything that is visible now: the oldest transaction that is still open, but
-- never one beyond the last that left an event. After a crash the server forgets transactions that never
-- reached the disk and gives their numbers out again; a cursor beyond them would skip their events.
create or replace function desk.events_end() returns xid8
language sql stable set search_path = desk, public, pg_temp as $$
  select least(pg_snapshot_xmin(pg_current_snapshot()),
    coalesce((select (xid::text::numeric + 1)::text::xid8 from events order by xid desc limit 1), '0'));
$$;

-- A follower must not miss an event whose transaction began before, and committed after, one
-- that it has seen: ids are given at insert and seen at commit. So a cursor is
-- "<oldest transaction that was still open>:<ids already given out from there on>": everything
-- from that transaction on is looked at again, less what was given out. Nothing waits, no
-- writer queues behind another.
create or replace function public.events_since(cursor text default null, "limit" integer default 500) returns jsonb
language plpgsql stable security definer set search_path = desk, public, pg_temp as $$
declare
  v_now xid8 := desk.events_end();
  v_departments text[] := desk.my_departments();
  v_from xid8;
  v_seen bigint[];
  v_events jsonb;
  v_ids bigint[];
  v_last xid8;
  v_keep bigint[];
begin
  perform desk.require_reader();
  if cursor is null then                   -- from now on: what is visible has been seen
    select coalesce(array_agg(id), '{}') into v_ids from events where xid >= v_now;
    return jsonb_build_object('cursor', v_now::text || ':' || array_to_string(v_ids, ','), 'events', '[]'::jsonb);
  end if;
  v_from := split_part(cursor, ':', 1)::xid8;
  v_seen := string_to_array(nullif(split_part(cursor, ':', 2), ''), ',')::bigint[];
  with page as (
    select e from events e left join tickets t on t.id = e.ticket_id
    where e.xid >= v_from and e.id <> all (coalesce(v_seen, '{}'))
      and (v_departments is null or desk.is_visible(t.department, v_departments)
        or e.before ? 'department' and desk.is_visible(e.before ->> 'department', v_departments))  -- it has just gone
    order by e.xid, e.id limit events_since."limit"
  )
  select coalesce(jsonb_agg(desk.event_json(e) order by (e).xid, (e).id), '[]'), array_agg((e).id), max((e).xid)
    into v_events, v_ids, v_last from page;
  if coalesce(array_length(v_ids, 1), 0) >= "limit" and v_last < v_now then
    v_now := v_last;                       -- a full page: the rest of it comes next
  end if;
  select coalesce(array_agg(id), '{}') into v_keep from events
    where xid >= v_now and id = any (coalesce(v_seen, '{}') || coalesce(v_ids, '{}'));
  return jsonb_build_object('cursor', v_now::text || ':' || array_to_string(v_keep, ','), 'events', v_events);
end $$;
grant execute on function public.events_since to authenticated, service_role;

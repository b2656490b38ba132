-- Taking a command back.

-- Puts back what one event changed, where it still stands as that event left it.
create or replace function desk.undo_event(e desk.events, request_id uuid) returns boolean
language plpgsql volatile set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_ticket tickets;
  v_state jsonb;
begin
  select * into v_ticket from tickets where id = e.ticket_id for update;
  v_state := desk.ticket_state(v_ticket);
  if exists (select from jsonb_each(e.after) where value is distinct from v_state -> key) then
    return false;
  end if;
  if e.kind = 'replied' then
    if not desk.cancel_reply((e.request_id)) then
      return false;
    end if;
  elsif e.kind = 'noted' then
    update notes set removed_at = now() where id = e.request_id;
  elsif e.kind = 'undone' then             -- a note that had been taken back
    update notes set removed_at = null where id = (select u.id from notes u where u.id::text = e.reason);
  end if;
  perform desk.change_ticket(v_ticket, e.before, 'undone',
    case when e.kind = 'noted' then e.request_id::text else e.reason end, request_id);
  return true;
end $$;

-- What a command changed and undo may put back, as far as the agent may be told of it.
create or replace function desk.undoable_events(undone uuid) returns setof desk.events
language sql stable set search_path = desk, public, pg_temp as $$
  select e.* from events e join tickets t on t.id = e.ticket_id
  where e.request_id = undone and e.kind in ('updated', 'replied', 'noted', 'undone') and desk.is_told(t, undone);
$$;

-- Which tickets were left as they are is read from what was recorded, so that whoever asks again, because
-- the answer was lost, is told the same.
create or replace function public.undo(undone uuid, request_id uuid default gen_random_uuid()) returns jsonb
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_event events;
  v_found boolean := false;
begin
  perform desk.current_agent();
  if not desk.is_done(request_id) then
    for v_event in select * from desk.undoable_events(undone) order by id desc loop
      v_found := true;
      perform desk.undo_event(v_event, request_id);
    end loop;
    if not v_found then
      raise exception 'There is nothing to take back.' using errcode = 'PT404';
    end if;
  end if;
  return desk.changed_json(request_id, (
    select coalesce(array_agg(t.number order by e.id desc), '{}')
    from desk.undoable_events(undone) e join tickets t on t.id = e.ticket_id
    where not exists (select from events u where u.request_id = undo.request_id and u.ticket_id = e.ticket_id)));
end $$;
grant execute on function public.undo to authenticated;

-- Making and changing tickets, and taking changes back.

create or replace function desk.ticket_json(t desk.tickets) returns jsonb
language sql stable set search_path = desk, public, pg_temp as $$
  select jsonb_build_object(
    'id', t.id, 'number', t.number, 'subject', t.subject, 'status', t.status, 'priority', t.priority,
    'requester_email', u.email, 'requester_name', u.name,
    'assignee_email', a.email, 'assignee_name', a.name,
    'mailbox', (select name from mailboxes where id = t.mailbox_id), 'department', t.department,
    'created_at', t.created_at, 'updated_at', t.updated_at, 'last_response_at', t.last_response_at,
    'last_message_at', t.last_message_at, 'waiting_since', nullif(t.waiting_since, 'infinity'),
    'message_count', t.message_count, 'attachment_count', t.attachment_count,
    'gmail_thread_id', t.gmail_thread_id, 'spam', t.spam, 'version', t.version)
  from users u left join users a on a.id = t.assigned_to where u.id = t.user_id;
$$;

-- Whatever changes a ticket makes another version of it; whoever read the one before can be told.
create or replace function desk.next_version() returns trigger
language plpgsql set search_path = desk, public, pg_temp as $$
begin
  new.version := old.version + 1;
  return new;
end $$;
create or replace trigger next_version before update on tickets for each row execute function desk.next_version();

-- The ticket people mean by a number. One that the agent may not see is not there.
create or replace function desk.known_ticket(number bigint) returns desk.tickets
language plpgsql stable set search_path = desk, public, pg_temp as $$
declare
  v_ticket tickets;
begin
  select * into v_ticket from tickets t where t.number = known_ticket.number;
  if not found or not desk.is_visible(v_ticket.department, desk.my_departments()) then
    raise exception 'There is no ticket #%.', known_ticket.number using errcode = 'PT404';
  end if;
  return v_ticket;
end $$;

-- The same, locked for a change, as it is then.
create or replace function desk.locked_ticket(number bigint) returns desk.tickets
language plpgsql volatile set search_path = desk, public, pg_temp as $$
begin
  perform from tickets t where t.number = locked_ticket.number for update;
  return desk.known_ticket(number);
end $$;

-- The ticket that programs know by its id.
create or replace function public.find_ticket(id uuid) returns jsonb
language plpgsql stable security definer set search_path = desk, public, pg_temp as $$
declare
  v_ticket tickets;
begin
  perform desk.require_reader();
  select * into v_ticket from tickets t where t.id = find_ticket.id;
  if not found or not desk.is_visible(v_ticket.department, desk.my_departments()) then
    raise exception 'There is no ticket %.', find_ticket.id using errcode = 'PT404';
  end if;
  return desk.ticket_json(v_ticket);
end $$;
grant execute on function public.find_ticket to authenticated, service_role;

-- Refuses a change that was meant for another version of the ticket.
create or replace function desk.require_version(t desk.tickets, versions bigint[]) returns desk.tickets
language plpgsql stable set search_path = desk, public, pg_temp as $$
begin
  if t.version <> all (versions) then      -- null: whichever it is
    raise exception 'Ticket #% was changed meanwhile.', t.number using errcode = 'PT412',
      hint = 'Read it again, and decide anew.';
  end if;
  return t;
end $$;

-- Whether the agent may be told of a ticket after a command: one that is in sight, or that this very
-- command of theirs put out of it.
create or replace function desk.is_told(t desk.tickets, request_id uuid) returns boolean
language plpgsql stable set search_path = desk, public, pg_temp as $$
begin
  return desk.is_visible(t.department, desk.my_departments())
    or exists (select from events e where e.request_id = is_told.request_id and e.ticket_id = t.id
      and e.actor_id = desk.me());
end $$;

create or replace function desk.tickets_json(numbers bigint[], request_id uuid) returns jsonb
language sql stable set search_path = desk, public, pg_temp as $$
  select coalesce(jsonb_agg(desk.ticket_json(t) order by x.ord), '[]')
  from unnest(tickets_json.numbers) with ordinality x (number, ord) join tickets t on t.number = x.number
  where desk.is_told(t, tickets_json.request_id);
$$;

-- What a command may change of a ticket, and undo may put back.
create or replace function desk.ticket_state(t desk.tickets) returns jsonb
language plpgsql stable set search_path = desk, public, pg_temp as $$
begin
  return jsonb_build_object('status', t.status, 'priority', t.priority, 'subject', t.subject,
    'department', t.department, 'assigned_to', t.assigned_to, 'spam', t.spam,
    'waiting_since', t.waiting_since, 'last_response_at', t.last_response_at);
end $$;

-- The one way a ticket changes: sets the columns named in `changes`, takes in a message that was
-- added to it ({"id", "content", "messages", "attachments", "at"}), and records what was and what is.
-- Does nothing when a mere update would change nothing.
create or replace function desk.change_ticket(
  t desk.tickets, changes jsonb, kind text, reason text default '', request_id uuid default null,
  message jsonb default '{}'
) returns void
language plpgsql volatile set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_old jsonb := desk.ticket_state(t);
  v_new tickets := jsonb_populate_record(t, changes);
  v_at timestamptz := coalesce((message ->> 'at')::timestamptz, now());
  v_after jsonb;
  v_before jsonb;
begin
  if v_new.status <> 'open' then
    v_new.waiting_since := 'infinity';     -- the ball is no longer with us
  end if;
  select jsonb_object_agg(key, value), jsonb_object_agg(key, v_old -> key) into v_after, v_before
    from jsonb_each(desk.ticket_state(v_new)) where value is distinct from v_old -> key;
  if v_after is null and kind = 'updated' then
    return;
  end if;
  update tickets set status = v_new.status, priority = v_new.priority, subject = v_new.subject,
      department = v_new.department, assigned_to = v_new.assigned_to, waiting_since = v_new.waiting_since,
      last_response_at = v_new.last_response_at, spam = v_new.spam,
      updated_at = greatest(updated_at, v_at), created_at = least(created_at, v_at),
      last_message_at = case when message ? 'messages' then greatest(last_message_at, v_at) else last_message_at end,
      message_count = message_count + coalesce((message ->> 'messages')::integer, 0),
      attachment_count = attachment_count + coalesce((message ->> 'attachments')::integer, 0),
      words = case when message ? 'content' then desk.add_words(words, message ->> 'content') else words end
    where id = t.id;
  if v_after ?| array['status', 'spam'] then
    update threads set changes = changes + 1 where ticket_id = t.id;
  end if;
  perform desk.record_event(t.id, kind, coalesce(v_before, '{}'), coalesce(v_after, '{}')
    || case when message ->> 'id' is not null then jsonb_build_object('message', message -> 'id') else '{}' end,
    reason, request_id);
end $$;

-- The public names of changes as columns: "assignee" is an address, "me" or null.
create or replace function desk.columns_of(changes jsonb) returns jsonb
language plpgsql stable set search_path = desk, public, pg_temp as $$
declare
  v_unknown text;
  v_agent uuid;
begin
  select string_agg(key, ', ') into v_unknown from jsonb_object_keys(changes) key
    where key <> all (array['status', 'priority', 'subject', 'department', 'assignee', 'spam']);
  if v_unknown is not null then
    raise exception 'A ticket has no field %.', v_unknown using errcode = 'PT422';
  end if;
  if not changes ? 'assignee' then
    return changes;
  end if;
  if changes ->> 'assignee' = 'me' then
    v_agent := desk.current_agent();
  elsif changes ->> 'assignee' is not null then
    select a.id into v_agent from support_agents a join users u on u.id = a.id
      where u.email = lower(changes ->> 'assignee') and a.active;
    if not found then
      raise exception 'There is no active agent %.', changes ->> 'assignee' using errcode = 'PT409',
        hint = 'See ttydesk agent list.';
    end if;
  end if;
  return (changes - 'assignee') || jsonb_build_object('assigned_to', v_agent);
end $$;

create or replace function desk.changed_json(request_id uuid, skipped bigint[] default '{}') returns jsonb
language sql stable set search_path = desk, public, pg_temp as $$
  select jsonb_build_object('request_id', changed_json.request_id, 'skipped', to_jsonb(changed_json.skipped),
    'tickets', coalesce(jsonb_agg(desk.ticket_json(t) order by t.number), '[]'))
  from tickets t
  where t.id in (select e.ticket_id from events e where e.request_id = changed_json.request_id)
    and desk.is_told(t, changed_json.request_id);
$$;

-- With `versions`, only where each ticket is at one of them.
create or replace function public.update_tickets(
  numbers bigint[], changes jsonb, reason text default '', request_id uuid default gen_random_uuid(),
  versions bigint[] default null
) returns jsonb
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_changes jsonb;
  v_number bigint;
  v_tickets jsonb;
begin
  perform desk.current_agent();
  if not desk.is_done(request_id) then
    v_changes := desk.columns_of(changes);
    for v_number in select distinct n from unnest(numbers) n order by n loop  -- in order, so that two of us cannot deadlock
      perform desk.change_ticket(desk.require_version(desk.locked_ticket(v_number), versions), v_changes, 'updated',
        reason, request_id);
    end loop;
  end if;
  return jsonb_build_object('request_id', update_tickets.request_id, 'tickets', desk.tickets_json(numbers, request_id));
end $$;
grant execute on function public.update_tickets to authenticated;

-- A ticket written down by an agent for a customer, who rang up perhaps.
create or replace function public.create_ticket(
  requester_email text, subject text, content text, requester_name text default '',
  changes jsonb default '{}', request_id uuid default gen_random_uuid()
) returns jsonb
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_agent uuid := desk.current_agent();
  v_user uuid;
  v_ticket tickets;
begin
  if not desk.is_done(request_id) then
    if requester_email !~ '^[^@[:space:]<>,;"]+@[^@[:space:]<>,;"]+$' then
      raise exception '"%" is not an e-mail address.', requester_email using errcode = 'PT422';
    end if;
    v_user := desk.user_for(requester_email, requester_name);
    insert into tickets (id, user_id, subject, mailbox_id, waiting_since, message_count, words)
      values (request_id, v_user, create_ticket.subject, desk.default_mailbox(), now(), 1,
        desk.words_of(concat_ws(' ', create_ticket.subject, requester_name, requester_email, content)))
      returning * into v_ticket;
    insert into messages (ticket_id, sender_email, sender_name, content, direction, message_id, joined_by,
        joined_evidence, recipients)
      select v_ticket.id, u.email, u.name, content, 'incoming', '<' || request_id || '@ttydesk.invalid>', 'new',
        'written down by ' || (select email from users where id = v_agent), '{}'
      from users u where u.id = v_user;
    perform desk.record_event(v_ticket.id, 'created', request_id => request_id);
    if changes <> '{}' then
      perform desk.change_ticket(v_ticket, desk.columns_of(changes), 'updated', request_id => request_id);
    end if;
  end if;
  return desk.changed_json(request_id);
end $$;
grant execute on function public.create_ticket to authenticated;

-- One ticket with all that was said on it.

create or replace function desk.attachments_json(message_id uuid) returns jsonb
language sql stable set search_path = desk, public, pg_temp as $$
  select coalesce(jsonb_agg(jsonb_build_object(
      'id', a.id, 'filename', a.filename, 'content_type', a.content_type, 'size', a.size, 'sha256', a.sha256,
      'content_id', a.content_id, 'inline', a.inline) order by a.position), '[]')
  from attachments a where a.message_id = attachments_json.message_id;
$$;

-- An answer's way out; null for a mail that came in.
create or replace function desk.dispatch_json(message_id uuid) returns jsonb
language sql stable set search_path = desk, public, pg_temp as $$
  select jsonb_build_object('state', o.state, 'not_before', o.not_before, 'attempts', o.attempts,
    'error', o.last_error, 'recipients', (
      select coalesce(jsonb_agg(jsonb_build_object('email', r.email, 'state', r.state, 'detail', r.detail)
        order by r.email), '[]') from recipients r where r.message_id = o.message_id))
  from outbox o where o.message_id = dispatch_json.message_id;
$$;

create or replace function desk.message_json(m desk.messages) returns jsonb
language sql stable set search_path = desk, public, pg_temp as $$
  select jsonb_build_object(
    'id', m.id, 'direction', m.direction, 'sender_email', m.sender_email, 'sender_name', m.sender_name,
    'recipients', m.recipients, 'content', m.content, 'quoted_text', m.quoted_text, 'signature', m.signature,
    'message_id', m.message_id, 'automatic', m.automatic, 'joined_by', m.joined_by,
    'joined_evidence', m.joined_evidence, 'raw_mail', m.raw_mail_id, 'created_at', m.created_at,
    'sent_at', m.sent_at, 'attachments', desk.attachments_json(m.id),
    'dispatch', case when m.direction = 'outgoing' then desk.dispatch_json(m.id) end);
$$;

-- Messages of a ticket that were not taken back, newest first.
create or replace function desk.standing_messages(ticket_id uuid) returns setof desk.messages
language sql stable set search_path = desk, public, pg_temp as $$
  select m.* from messages m left join outbox o on o.message_id = m.id
  where m.ticket_id = standing_messages.ticket_id and o.state is distinct from 'cancelled'
  order by m.created_at desc, m.arrival desc;
$$;

-- The message an answer answers: the newest a person wrote to us, else the newest at all.
create or replace function desk.message_to_answer(ticket_id uuid) returns desk.messages
language sql stable set search_path = desk, public, pg_temp as $$
  select m from desk.standing_messages(message_to_answer.ticket_id) m
  order by (m.direction = 'incoming' and not m.automatic) desc, m.created_at desc, m.arrival desc limit 1;
$$;

-- Whom an answer to a message goes to: Reply-To, else its sender (RFC 5322, 3.6.3), and as copies
-- everyone else it was sent to, but never one of our own mailboxes.
create or replace function desk.reply_recipients(m desk.messages) returns jsonb
language sql stable set search_path = desk, public, pg_temp as $$
  with named as (
    select case when m.direction = 'outgoing' then coalesce(m.recipients -> 'to', '[]')
      when jsonb_array_length(coalesce(m.recipients -> 'reply_to', '[]')) > 0 then m.recipients -> 'reply_to'
      else jsonb_build_array(jsonb_build_object('name', m.sender_name, 'email', m.sender_email)) end as "to",
    case when m.direction = 'outgoing' then coalesce(m.recipients -> 'cc', '[]')
      else coalesce(m.recipients -> 'to', '[]') || coalesce(m.recipients -> 'cc', '[]') end as cc
  ), copies as (
    select distinct on (lower(c.value ->> 'email')) c.value, c.ord
    from named, jsonb_array_elements(named.cc) with ordinality c (value, ord)
    where not exists (select from mailboxes b where b.address = lower(c.value ->> 'email')
        or lower(c.value ->> 'email') like replace(split_part(b.address, '@', 1), '_', '\_') || '+%@' || split_part(b.address, '@', 2))
      and not exists (select from jsonb_array_elements(named."to") t
        where lower(t.value ->> 'email') = lower(c.value ->> 'email'))
    order by lower(c.value ->> 'email'), c.ord
  )
  select jsonb_build_object('to', named."to", 'reply_to', '[]'::jsonb,
    'cc', (select coalesce(jsonb_agg(value order by ord), '[]') from copies)) from named;
$$;

create or replace function public.show_ticket(number bigint, "limit" integer default 200) returns jsonb
language plpgsql stable security definer set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_ticket tickets;
  v_messages jsonb;
  v_total bigint;
  v_since timestamptz;
begin
  perform desk.require_reader();
  v_ticket := desk.known_ticket(number);
  select coalesce(jsonb_agg(desk.message_json(m) order by m.created_at, m.arrival), '[]'), min(m.created_at)
    into v_messages, v_since
    from (select m as m, m.created_at, m.arrival from desk.standing_messages(v_ticket.id) m limit show_ticket."limit") m;
  select count(*) into v_total from desk.standing_messages(v_ticket.id);
  return jsonb_build_object(
    'ticket', desk.ticket_json(v_ticket), 'messages', v_messages,
    'earlier', v_total - jsonb_array_length(v_messages),
    'notes', (select coalesce(jsonb_agg(jsonb_build_object('id', n.id, 'author_email', u.email,
        'author_name', u.name, 'content', n.content, 'created_at', n.created_at) order by n.created_at), '[]')
      from notes n join users u on u.id = n.author_id
      where n.ticket_id = v_ticket.id and n.removed_at is null
        and (v_total <= show_ticket."limit" or n.created_at >= v_since)),
    'drafts', (select coalesce(jsonb_agg(jsonb_build_object('kind', d.kind, 'content', d.content,
        'updated_at', d.updated_at)), '[]') from drafts d where d.ticket_id = v_ticket.id and d.agent_id = desk.me()),
    'reply_to', coalesce(desk.reply_recipients(desk.message_to_answer(v_ticket.id)), '{}'));
end $$;
grant execute on function public.show_ticket to authenticated, service_role;

-- One attachment, if it is of a ticket in sight; what `core/files.py` keeps it under, and which ticket it is of.
create or replace function public.show_attachment(id uuid) returns jsonb
language plpgsql stable security definer set search_path = desk, public, pg_temp as $$
declare
  v_found record;
begin
  perform desk.require_reader();
  select a.*, t.number, t.department into v_found
    from attachments a join messages m on m.id = a.message_id join tickets t on t.id = m.ticket_id
    where a.id = show_attachment.id;
  if not found or not desk.is_visible(v_found.department, desk.my_departments()) then
    raise exception 'There is no attachment %.', show_attachment.id using errcode = 'PT404';
  end if;
  return jsonb_build_object('id', v_found.id, 'number', v_found.number, 'filename', v_found.filename,
    'content_type', v_found.content_type, 'size', v_found.size, 'sha256', v_found.sha256);
end $$;
grant execute on function public.show_attachment to authenticated, service_role;

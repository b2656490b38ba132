-- What a person sees and does in the portal. All of it is asked by the SHA-256 of their session.

-- Whose session it is; nobody's is an error.
create or replace function desk.portal_person(session text) returns desk.users
language plpgsql stable set search_path = desk, public, pg_temp as $$
declare
  v_user users;
begin
  select u.* into v_user from portal_sessions s join users u on u.id = s.user_id
    where s.sha256 = portal_person.session and s.ended_at is null and s.expires_at > now();
  if not found then
    raise exception 'You are not signed in.' using errcode = 'PT410', hint = 'Ask for a new link.';
  end if;
  return v_user;
end $$;

create or replace function desk.portal_person_json(person desk.users) returns jsonb
language sql stable set search_path = desk, public, pg_temp as $$
  select jsonb_build_object('email', person.email, 'name', person.name);
$$;

-- A ticket of theirs; of others, and spam, there is none.
create or replace function desk.portal_ticket_of(person desk.users, number bigint) returns desk.tickets
language plpgsql stable set search_path = desk, public, pg_temp as $$
declare
  v_ticket tickets;
begin
  select * into v_ticket from tickets t
    where t.number = portal_ticket_of.number and t.user_id = person.id and not t.spam;
  if not found then
    raise exception 'There is no ticket #% of yours.', portal_ticket_of.number using errcode = 'PT404';
  end if;
  return v_ticket;
end $$;

-- May they see this message on their ticket? What they wrote, and what was written to them: of ours only what has
-- left. What others wrote to us alone stays theirs, and so do notes and drafts, which are no messages.
create or replace function desk.is_portal_message(m desk.messages, email text) returns boolean
language plpgsql stable set search_path = desk, public, pg_temp as $$
begin
  if m.direction = 'incoming' and m.sender_email = is_portal_message.email then
    return true;
  end if;
  return exists (select from jsonb_array_elements(coalesce(m.recipients -> 'to', '[]') || coalesce(m.recipients -> 'cc', '[]')) r
      where lower(r.value ->> 'email') = is_portal_message.email)
    and not exists (select from outbox o where o.message_id = m.id and o.state in ('waiting', 'sending', 'failed', 'cancelled'));
end $$;

create or replace function desk.portal_messages(t desk.tickets, email text) returns setof desk.messages
language sql stable set search_path = desk, public, pg_temp as $$
  select m.* from messages m where m.ticket_id = t.id and desk.is_portal_message(m, portal_messages.email)
  order by m.created_at desc, m.arrival desc;
$$;

create or replace function desk.portal_ticket_json(t desk.tickets, email text) returns jsonb
language sql stable set search_path = desk, public, pg_temp as $$
  select jsonb_build_object('number', t.number, 'subject', t.subject, 'status', t.status, 'created_at', t.created_at,
    'last_message_at', coalesce((select m.created_at from desk.portal_messages(t, portal_ticket_json.email) m limit 1),
      t.created_at));
$$;

-- `author`: "you", "us", or somebody else, who wrote to them as well. `original`: there is a raw mail to look at.
create or replace function desk.portal_message_json(m desk.messages, email text) returns jsonb
language sql stable set search_path = desk, public, pg_temp as $$
  select jsonb_build_object('id', m.id, 'name', coalesce(nullif(m.sender_name, ''), m.sender_email), 'content', m.content,
    'author', case when m.direction = 'outgoing' then 'us' when m.sender_email = portal_message_json.email then 'you'
      else 'other' end,
    'created_at', m.created_at, 'automatic', m.automatic, 'original', m.raw_mail_id is not null,
    'attachments', (select coalesce(jsonb_agg(jsonb_build_object('id', a.id, 'filename', a.filename, 'size', a.size,
        'is_stored', a.sha256 is not null) order by a.position), '[]')
      from attachments a where a.message_id = m.id));
$$;

-- The newest first, a page at a time: `after` is the number of the last one before it.
create or replace function public.portal_tickets(
  session text, "after" bigint default null, "limit" integer default 25
) returns jsonb
language plpgsql stable security definer set search_path = desk, public, pg_temp as $$
declare
  v_person users := desk.portal_person(portal_tickets.session);
  v_tickets jsonb;
begin
  select coalesce(jsonb_agg(desk.portal_ticket_json(t, v_person.email) order by t.number desc), '[]') into v_tickets
    from (select * from tickets t where t.user_id = v_person.id and not t.spam
      and t.number < coalesce(portal_tickets."after", 9223372036854775807)
      order by t.number desc limit portal_tickets."limit" + 1) t;
  return jsonb_build_object('person', desk.portal_person_json(v_person),
    'next', case when jsonb_array_length(v_tickets) > "limit" then v_tickets #> array[("limit" - 1)::text, 'number'] end,
    'tickets', case when jsonb_array_length(v_tickets) > "limit" then v_tickets - "limit" else v_tickets end);
end $$;
grant execute on function public.portal_tickets to service_role;

create or replace function public.portal_ticket(session text, number bigint, "limit" integer default 200) returns jsonb
language plpgsql stable security definer set search_path = desk, public, pg_temp as $$
declare
  v_person users := desk.portal_person(portal_ticket.session);
  v_ticket tickets := desk.portal_ticket_of(v_person, portal_ticket.number);
  v_messages jsonb;
begin
  select coalesce(jsonb_agg(desk.portal_message_json(m, v_person.email) order by m.created_at, m.arrival), '[]')
    into v_messages
    from (select m as m, m.created_at, m.arrival
      from desk.portal_messages(v_ticket, v_person.email) m limit portal_ticket."limit") m;
  return jsonb_build_object('person', desk.portal_person_json(v_person),
    'ticket', desk.portal_ticket_json(v_ticket, v_person.email), 'messages', v_messages,
    'earlier', (select count(*) from desk.portal_messages(v_ticket, v_person.email)) - jsonb_array_length(v_messages));
end $$;
grant execute on function public.portal_ticket to service_role;

-- Where a file of a message they may see lies.
create or replace function public.portal_file(session text, id uuid) returns jsonb
language plpgsql stable security definer set search_path = desk, public, pg_temp as $$
declare
  v_person users := desk.portal_person(portal_file.session);
  v_file jsonb;
begin
  select jsonb_build_object('filename', a.filename, 'content_type', a.content_type, 'size', a.size, 'sha256', a.sha256)
    into v_file
    from attachments a join messages m on m.id = a.message_id join tickets t on t.id = m.ticket_id
    where a.id = portal_file.id and a.sha256 is not null and t.user_id = v_person.id and not t.spam
      and desk.is_portal_message(m, v_person.email);
  if not found then
    raise exception 'There is no such file of yours.' using errcode = 'PT404';
  end if;
  return v_file;
end $$;
grant execute on function public.portal_file to service_role;

-- The raw mail that a message they may see was made of, and its ticket.
create or replace function public.portal_original(session text, id uuid) returns jsonb
language plpgsql stable security definer set search_path = desk, public, pg_temp as $$
declare
  v_person users := desk.portal_person(portal_original.session);
  v_found jsonb;
begin
  select jsonb_build_object('sha256', r.sha256, 'number', t.number) into v_found
    from messages m join raw_mails r on r.id = m.raw_mail_id join tickets t on t.id = m.ticket_id
    where m.id = portal_original.id and t.user_id = v_person.id and not t.spam
      and desk.is_portal_message(m, v_person.email);
  if not found then
    raise exception 'There is no such mail of yours.' using errcode = 'PT404';
  end if;
  return v_found;
end $$;
grant execute on function public.portal_original to service_role;

-- The mail that an answer in the portal might have been.
create or replace function desk.portal_mail(
  person desk.users, t desk.tickets, content text, attachments jsonb, request_id uuid
) returns jsonb
language sql stable set search_path = desk, public, pg_temp as $$
  select jsonb_build_object('id', request_id, 'message_id', '<' || request_id || '@portal.ttydesk.invalid>', 'fingerprint', '',
    'sender', desk.portal_person_json(person), 'content', content, 'received_at', now(),
    'reason', person.email || ', in the portal', 'automatic', false,
    'writer', 'customer', 'attachments', attachments, 'references', '[]'::jsonb,
    'to', (select jsonb_build_array(jsonb_build_object('name', b.display_name, 'email', b.address))
      from mailboxes b where b.id = desk.sending_mailbox(t.mailbox_id)));
$$;

-- An answer in the portal does what one by mail does: it stands among the messages, and opens the ticket again.
create or replace function public.portal_reply(
  session text, number bigint, content text, attachments jsonb default '[]', request_id uuid default gen_random_uuid()
) returns jsonb
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
declare
  v_person users := desk.portal_person(portal_reply.session);
  v_ticket tickets := desk.portal_ticket_of(v_person, portal_reply.number);
  v_mail jsonb := desk.portal_mail(v_person, v_ticket, content, attachments, request_id);
begin
  perform pg_advisory_xact_lock(hashtextextended(portal_reply.request_id::text, 1));
  if not exists (select from messages m where m.message_id = v_mail ->> 'message_id'
      and m.ticket_id = v_ticket.id and m.sender_email = v_person.email) then
    if btrim(content, E' \t\r\n') = '' and jsonb_array_length(attachments) = 0 then
      raise exception 'Your answer is empty.' using errcode = 'PT422';
    end if;
    perform desk.join_ticket(v_mail, v_ticket.id);
    perform desk.add_message(v_mail, v_ticket.id, null, 'portal', '');
  end if;
  return desk.portal_ticket_json(desk.portal_ticket_of(v_person, portal_reply.number), v_person.email);
end $$;
grant execute on function public.portal_reply to service_role;

create or replace function desk.portal_change(
  session text, number bigint, changes jsonb, from_statuses ticket_status[], reason text, request_id uuid
) returns jsonb
language plpgsql volatile set search_path = desk, public, pg_temp as $$
declare
  v_person users := desk.portal_person(portal_change.session);
  v_ticket tickets;
begin
  perform from tickets t where t.number = portal_change.number and t.user_id = v_person.id for update;
  v_ticket := desk.portal_ticket_of(v_person, portal_change.number);
  if not desk.is_done(portal_change.request_id) and v_ticket.status = any (from_statuses) then
    perform desk.change_ticket(v_ticket, changes, 'updated', v_person.email || ' ' || reason, portal_change.request_id);
  end if;
  return desk.portal_ticket_json(desk.portal_ticket_of(v_person, portal_change.number), v_person.email);
end $$;

create or replace function public.portal_close(
  session text, number bigint, request_id uuid default gen_random_uuid()
) returns jsonb
language sql volatile security definer set search_path = desk, public, pg_temp as $$
  select desk.portal_change(session, number, '{"status": "closed"}', '{open,pending}', 'closed it in the portal', request_id);
$$;
grant execute on function public.portal_close to service_role;

-- Whoever opens a ticket again waits for us.
create or replace function public.portal_reopen(
  session text, number bigint, request_id uuid default gen_random_uuid()
) returns jsonb
language sql volatile security definer set search_path = desk, public, pg_temp as $$
  select desk.portal_change(session, number, jsonb_build_object('status', 'open', 'waiting_since', now()),
    '{resolved,closed}', 'opened it again in the portal', request_id);
$$;
grant execute on function public.portal_reopen to service_role;

-- The form that anybody may send.

-- Departments that a customer can choose from: those of mailboxes and of the agents who work here.
create or replace function public.list_departments() returns jsonb
language plpgsql stable security definer set search_path = desk, public, pg_temp as $$
begin
  perform desk.require_reader();
  return (select coalesce(jsonb_agg(d order by lower(d), d), '[]') from (
    select b.department as d from mailboxes b where b.connected and b.department is not null
    union select unnest(a.departments) from support_agents a where a.active) found
    where d <> '');
end $$;
grant execute on function public.list_departments to authenticated, service_role;

-- The mailbox that a department's tickets are answered from.
create or replace function desk.mailbox_of(department text) returns uuid
language sql stable set search_path = desk, public, pg_temp as $$
  select coalesce((select b.id from mailboxes b where b.connected and b.department = mailbox_of.department
    order by b.connected_at, b.id limit 1), desk.default_mailbox());
$$;

create or replace function desk.check_form(name text, email text, subject text, content text) returns void
language plpgsql immutable set search_path = desk, public, pg_temp as $$
begin
  if email !~ '^[^@[:space:]<>,;"]+@[^@[:space:]<>,;"]+$' or length(email) > 254 then
    raise exception '"%" is not an e-mail address.', left(email, 254) using errcode = 'PT422';
  elsif btrim(content, E' \t\r\n') = '' then
    raise exception 'The message is empty.' using errcode = 'PT422';
  elsif length(content) > 100000 or length(subject) > 500 or length(name) > 500 then
    raise exception 'The message is too long.' using errcode = 'PT422';
  end if;
end $$;

-- The customer's message, with the files that were stored before.
create or replace function desk.add_form(t desk.tickets, content text, attachments jsonb, link integer) returns void
language plpgsql volatile set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_id uuid;
begin
  insert into messages (ticket_id, sender_email, sender_name, subject, content, direction, message_id, joined_by,
      joined_evidence, recipients)
    select t.id, u.email, u.name, t.subject, add_form.content, 'incoming', '<' || t.id || '@ttydesk.invalid>', 'form',
      case when link is not null then 'by form link ' || link else '' end, '{}'
    from users u where u.id = t.user_id returning id into v_id;
  insert into attachments (message_id, position, filename, content_type, size, sha256)
    select v_id, a.ord, a.value ->> 'filename', a.value ->> 'content_type', (a.value ->> 'size')::bigint,
      a.value ->> 'sha256'
    from jsonb_array_elements(add_form.attachments) with ordinality a (value, ord);
end $$;

-- Writes to whom the form came from that it did; or says in an event why not.
create or replace function desk.send_receipt(t desk.tickets, receipt text, an_hour integer) returns boolean
language plpgsql volatile set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_email text := (select u.email from users u where u.id = t.user_id);
  v_refusal text := case when desk.sending_mailbox(t.mailbox_id) is null then 'No mailbox is connected.'
    else desk.refuses_automatic(v_email, an_hour) end;
begin
  if v_refusal is not null then
    perform desk.record_event(t.id, 'no_receipt', reason => v_refusal);
    return false;
  end if;
  perform desk.add_automatic(t, 'receipt', v_email, 'We have your message', replace(receipt, '{number}', t.number::text));
  return true;
end $$;

-- A ticket of what somebody wrote into the form, and a receipt. The receipt holds nothing of it but the ticket's
-- number: anybody can write into the form, and name any address. The same submission once more (somebody pressed
-- twice, or an answer was lost) is the same ticket; with another text it is refused, so that no text is lost.
create or replace function public.submit_form(
  name text, email text, subject text, content text, department text default null, attachments jsonb default '[]',
  link_sha256 text default null, receipt text default '', receipts_an_hour integer default 200,
  request_id uuid default gen_random_uuid()
) returns jsonb
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_ticket tickets;
  v_link form_links;
  v_receipt boolean := false;
begin
  if desk.is_done(request_id) then
    return desk.submitted_json(request_id, lower(submit_form.email), subject, content, attachments);
  end if;
  perform desk.check_form(name, email, subject, content);
  update form_links l set uses = l.uses + 1, used_at = now()
    where l.sha256 = link_sha256 and l.revoked_at is null and l.expires_at > now() returning * into v_link;
  department := coalesce(v_link.department, nullif(department, ''));
  insert into tickets (id, user_id, subject, mailbox_id, department, waiting_since, message_count, attachment_count, words)
    values (request_id, desk.user_for(email, name), submit_form.subject, desk.mailbox_of(department),
      submit_form.department, now(), 1, jsonb_array_length(attachments),
      desk.words_of(concat_ws(' ', submit_form.subject, name, email, content,
        (select string_agg(a.value ->> 'filename', ' ') from jsonb_array_elements(submit_form.attachments) a))))
    returning * into v_ticket;
  perform desk.add_form(v_ticket, content, attachments, v_link.number);
  perform desk.record_event(v_ticket.id, 'created', reason => lower(email) || ', by the form'
    || coalesce(' (link ' || v_link.number || ')', ''), request_id => request_id);
  if receipt <> '' then
    v_receipt := desk.send_receipt(v_ticket, receipt, receipts_an_hour);
  end if;
  return jsonb_build_object('number', v_ticket.number, 'receipt', v_receipt);
end $$;
grant execute on function public.submit_form to service_role;

-- What came of a form that was sent before.
create or replace function desk.submitted_json(
  request_id uuid, email text, subject text, content text, attachments jsonb
) returns jsonb
language plpgsql stable set search_path = desk, public, pg_temp as $$
declare
  v_ticket tickets;
begin
  select * into v_ticket from tickets t where t.id = submitted_json.request_id;
  if not exists (select from messages m join users u on u.id = v_ticket.user_id
      where m.ticket_id = v_ticket.id and m.joined_by = 'form' and m.content = submitted_json.content
        and u.email = submitted_json.email and m.subject = submitted_json.subject
        and array(select a.sha256 from attachments a where a.message_id = m.id order by a.position)
          = array(select a.value ->> 'sha256' from jsonb_array_elements(submitted_json.attachments) a)) then
    raise exception 'This form was sent before, as #%.', v_ticket.number using errcode = 'PT409',
      hint = 'Send it once more to send it as another one.';
  end if;
  return jsonb_build_object('number', v_ticket.number, 'receipt', exists (select from messages m
    where m.ticket_id = v_ticket.id and m.joined_by = 'receipt'));
end $$;

-- Links to the form. What stands in one is random and known to nobody but those who have it.

create or replace function desk.form_link_json(l desk.form_links) returns jsonb
language sql stable set search_path = desk, public, pg_temp as $$
  select jsonb_build_object('number', l.number, 'department', l.department, 'subject', l.subject, 'email', l.email,
    'created_by', (select u.email from users u where u.id = l.created_by), 'created_at', l.created_at,
    'expires_at', nullif(l.expires_at, 'infinity'), 'revoked_at', l.revoked_at, 'uses', l.uses, 'used_at', l.used_at,
    'state', case when l.revoked_at is not null then 'revoked' when l.expires_at <= now() then 'expired' else 'valid' end);
$$;

-- An agent makes them for departments in sight.
create or replace function public.create_form_link(
  sha256 text, department text default null, subject text default '', email text default '',
  expires_at timestamptz default null
) returns jsonb
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_agent uuid := desk.current_agent();
  v_link form_links;
begin
  if not desk.is_visible(nullif(department, ''), desk.my_departments()) then
    raise exception 'You do not see the department %.', create_form_link.department using errcode = 'PT403';
  elsif length(subject) > 200 or length(email) > 254 then
    raise exception 'A subject has at most 200 characters, an address 254.' using errcode = 'PT422';
  elsif expires_at <= now() then
    raise exception 'That would have expired already.' using errcode = 'PT422';
  end if;
  insert into form_links (sha256, department, subject, email, created_by, expires_at)
    select create_form_link.sha256, nullif(create_form_link.department, ''), create_form_link.subject,
      create_form_link.email, v_agent, coalesce(create_form_link.expires_at, 'infinity')
    where not exists (select from form_links l where l.sha256 = create_form_link.sha256)   -- the answer was lost
    on conflict do nothing;
  select * into v_link from form_links l where l.sha256 = create_form_link.sha256;
  return desk.form_link_json(v_link);
end $$;
grant execute on function public.create_form_link to authenticated;

create or replace function public.list_form_links() returns jsonb
language plpgsql stable security definer set search_path = desk, public, pg_temp as $$
declare
  v_departments text[] := desk.my_departments();
begin
  perform desk.current_agent();
  return (select coalesce(jsonb_agg(desk.form_link_json(l) order by l.number), '[]') from form_links l
    where desk.is_visible(l.department, v_departments));
end $$;
grant execute on function public.list_form_links to authenticated;

create or replace function public.revoke_form_link(number integer) returns jsonb
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_link form_links;
begin
  perform desk.current_agent();
  update form_links l set revoked_at = coalesce(l.revoked_at, now())
    where l.number = revoke_form_link.number and desk.is_visible(l.department, desk.my_departments())
    returning * into v_link;
  if not found then
    raise exception 'There is no form link %.', revoke_form_link.number using errcode = 'PT404',
      hint = 'See ttydesk form list.';
  end if;
  return desk.form_link_json(v_link);
end $$;
grant execute on function public.revoke_form_link to authenticated;

-- What the form begins with, for whoever has the link.
create or replace function public.show_form_link(sha256 text) returns jsonb
language plpgsql stable security definer set search_path = desk, public, pg_temp as $$
declare
  v_link form_links;
begin
  select * into v_link from form_links l where l.sha256 = show_form_link.sha256;
  if not found then
    raise exception 'There is no such link.' using errcode = 'PT404';
  end if;
  return desk.form_link_json(v_link);
end $$;
grant execute on function public.show_form_link to service_role;

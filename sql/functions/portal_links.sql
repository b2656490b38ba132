-- How a person comes into the portal: by a link that a mail brings to their address, once. Whoever made the link keeps
-- it to himself: here is only its SHA-256, which opens nothing.

-- Who has a portal: whoever asked us for something that is no spam, but none of our own mailboxes.
create or replace function desk.portal_user(email text) returns desk.users
language sql stable set search_path = desk, public, pg_temp as $$
  select u from users u
  where u.email = lower(btrim(portal_user.email)) and exists (select from tickets t where t.user_id = u.id and not t.spam)
    and not exists (select from mailboxes b where b.address = u.email);
$$;

-- Whose link may be in a mail of ours: that of its only recipient, when the ticket is theirs; else null, as
-- others would open the portal with it.
create or replace function desk.portal_email(m desk.messages, requester uuid) returns text
language plpgsql stable set search_path = desk, public, pg_temp as $$
declare
  v_all jsonb := coalesce(m.recipients -> 'to', '[]') || coalesce(m.recipients -> 'cc', '[]');
  v_user users;
begin
  if jsonb_array_length(v_all) = 1 then
    v_user := desk.portal_user(v_all #>> '{0,email}');
  end if;
  return case when m.ticket_id is null or v_user.id = requester then v_user.email end;
end $$;

create or replace function desk.portal_link_json(l desk.portal_links) returns jsonb
language sql stable set search_path = desk, public, pg_temp as $$
  select jsonb_build_object('email', u.email, 'created_at', l.created_at, 'expires_at', l.expires_at,
    'used_at', l.used_at, 'revoked_at', l.revoked_at, 'made_by', (select a.email from users a where a.id = l.made_by),
    'number', (select t.number from messages m join tickets t on t.id = m.ticket_id where m.id = l.message_id),
    'signed_in_until', (select s.expires_at from portal_sessions s
      where s.sha256 = l.session and s.ended_at is null and s.expires_at > now()))
  from users u where u.id = l.user_id;
$$;

-- What is over for a year is forgotten, a few at a time.
create or replace function desk.forget_portal_links() returns void
language sql volatile set search_path = desk, public, pg_temp as $$
  delete from portal_links where created_at < now() - interval '1 year' and expires_at < now() and sha256 in (
    select l.sha256 from portal_links l order by l.created_at limit 10);
  delete from portal_sessions where expires_at < now() - interval '1 year';
$$;

-- Makes a link known by its SHA-256. It shows a person's tickets of all departments, so no agent may make one for
-- whom some are out of sight. `message_id`: the mail that it is in.
create or replace function public.create_portal_link(
  email text, sha256 text, seconds double precision, message_id uuid default null
) returns jsonb
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_user users := desk.portal_user(create_portal_link.email);
  v_link portal_links;
begin
  perform desk.require_admin();
  if v_user.id is null then
    raise exception 'Nobody has written to us as %.', lower(btrim(create_portal_link.email)) using errcode = 'PT404',
      hint = 'A link shows the tickets of one person: ttydesk ticket list --query from:EMAIL.';
  end if;
  if create_portal_link.seconds not between 1 and 7776000 then
    raise exception 'A link is good for at least a second and at most 90 days.' using errcode = 'PT422';
  end if;
  perform desk.forget_portal_links();
  insert into portal_links (sha256, user_id, expires_at, made_by, message_id)
    values (create_portal_link.sha256, v_user.id, now() + make_interval(secs => create_portal_link.seconds),
      desk.me(), create_portal_link.message_id)
    on conflict (sha256) do nothing;
  select * into v_link from portal_links l where l.sha256 = create_portal_link.sha256 and l.user_id = v_user.id;
  return desk.portal_link_json(v_link);
end $$;
grant execute on function public.create_portal_link to authenticated, service_role;

-- The newest links first, of one person or of all; `before`: those made earlier than that.
create or replace function public.list_portal_links(
  email text default null, "before" timestamptz default null, "limit" integer default 100
) returns jsonb
language plpgsql stable security definer set search_path = desk, public, pg_temp as $$
begin
  perform desk.require_admin();
  return (select coalesce(jsonb_agg(desk.portal_link_json(l) order by l.created_at desc), '[]') from (
    select l.* from portal_links l
    where (list_portal_links.email is null
        or l.user_id = (select u.id from users u where u.email = lower(btrim(list_portal_links.email))))
      and l.created_at < coalesce(list_portal_links."before", 'infinity')
    order by l.created_at desc limit list_portal_links."limit") l);
end $$;
grant execute on function public.list_portal_links to authenticated, service_role;

-- Ends everything by which this person could come in, or is in.
create or replace function public.revoke_portal_links(email text) returns void
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_user uuid;
begin
  perform desk.require_admin();
  select id into v_user from users u where u.email = lower(btrim(revoke_portal_links.email));
  if not found then
    raise exception 'Nobody has written to us as %.', lower(btrim(revoke_portal_links.email)) using errcode = 'PT404';
  end if;
  update portal_links set revoked_at = now() where user_id = v_user and used_at is null and revoked_at is null;
  update portal_sessions set ended_at = now() where user_id = v_user and ended_at is null;
end $$;
grant execute on function public.revoke_portal_links to authenticated, service_role;

-- What a link would do: whom it lets in, if it is still good, and whether this session is its person's already.
create or replace function public.show_portal_link(sha256 text, session text default null) returns jsonb
language sql stable security definer set search_path = desk, public, pg_temp as $$
  select jsonb_build_object(
    'email', (select u.email from portal_links l join users u on u.id = l.user_id
      where l.sha256 = show_portal_link.sha256
        and l.used_at is null and l.revoked_at is null and l.expires_at > now()),
    'is_signed_in', exists (select from portal_links l join portal_sessions s on s.user_id = l.user_id
      where l.sha256 = show_portal_link.sha256 and s.sha256 = show_portal_link.session
        and s.ended_at is null and s.expires_at > now()));
$$;
grant execute on function public.show_portal_link to service_role;

-- Trades a link for a session, once. The same session again gets the same answer: the first may have been lost.
create or replace function public.open_portal(sha256 text, session text, seconds double precision) returns jsonb
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_link portal_links;
begin
  select * into v_link from portal_links l where l.sha256 = open_portal.sha256 for update;
  if v_link.session is distinct from open_portal.session then
    if v_link.sha256 is null or v_link.used_at is not null or v_link.revoked_at is not null
       or v_link.expires_at <= now() then
      raise exception 'This link is no longer good.' using errcode = 'PT410',
        hint = 'It works once and for a while. Ask for a new one.';
    end if;
    insert into portal_sessions (sha256, user_id, expires_at)
      values (open_portal.session, v_link.user_id, now() + make_interval(secs => open_portal.seconds));
    update portal_links l set used_at = now(), session = open_portal.session where l.sha256 = v_link.sha256;
  end if;
  return (select desk.portal_person_json(desk.portal_person(open_portal.session)));
end $$;
grant execute on function public.open_portal to service_role;

create or replace function public.end_portal_session(session text) returns void
language sql volatile security definer set search_path = desk, public, pg_temp as $$
  update portal_sessions s set ended_at = now() where s.sha256 = end_portal_session.session and s.ended_at is null;
$$;
grant execute on function public.end_portal_session to service_role;

-- Somebody asks for a link to an address. Nothing here depends on who it is, so nothing can be learned from how
-- long it takes: whether there is such a person is looked at later, by whoever sends mail.
create or replace function public.request_portal_link(email text, request_id uuid default gen_random_uuid()) returns jsonb
language sql volatile security definer set search_path = desk, public, pg_temp as $$
  insert into portal_requests (id, email)
    values (request_portal_link.request_id, left(lower(btrim(request_portal_link.email)), 320)) on conflict do nothing;
  select 'true'::jsonb;                    -- it was noted
$$;
grant execute on function public.request_portal_link to service_role;

-- Letters for those who asked. A request that is refused one is settled all the same; it says why.
create or replace function desk.write_portal_letters() returns void
language plpgsql volatile set search_path = desk, public, pg_temp as $$
declare
  v_request portal_requests;
  v_user users;
begin
  if not exists (select from portal_requests where settled_at is null) then
    return;
  end if;
  delete from portal_requests where requested_at < now() - interval '30 days';
  for v_request in
    select * from portal_requests where settled_at is null order by requested_at limit 200 for update skip locked
  loop
    v_user := desk.portal_user(v_request.email);
    v_request.refusal := case when v_user.id is null then 'Nobody has written to us from that address.'
      when desk.default_mailbox() is null then 'No mailbox is connected.'
      when v_request.requested_at < now() - interval '1 hour' then 'It could not be written within an hour.'
      else desk.refuses_automatic(v_user.email, 200) end;
    update portal_requests r set settled_at = now(), refusal = v_request.refusal,
        letter_id = case when v_request.refusal is null then desk.write_portal_letter(v_user) end
      where r.id = v_request.id;
  end loop;
end $$;

-- A mail with a link, which is put in as it leaves (sync/compose.py).
create or replace function desk.write_portal_letter(person desk.users) returns uuid
language plpgsql volatile set search_path = desk, public, pg_temp as $$
declare
  v_id uuid := gen_random_uuid();
begin
  insert into messages (id, sender_email, content, subject, direction, message_id, recipients, automatic, joined_by)
    select v_id, b.address, 'Somebody asked for a link to all that you have written to us, and to our answers. Here it is:

{{portal_link}}

It works once, until this time tomorrow. If it was not you who asked, there is nothing to do.', 'Your requests', 'outgoing',
      '<portal.' || replace(v_id::text, '-', '') || '@' || split_part(b.address, '@', 2) || '>',
      jsonb_build_object('to', jsonb_build_array(jsonb_build_object('name', '', 'email', person.email)), 'cc', '[]'::jsonb),
      true, 'portal_link'
    from mailboxes b where b.id = desk.default_mailbox();
  insert into recipients (message_id, email) values (v_id, person.email);
  insert into outbox (message_id, not_before) values (v_id, clock_timestamp());
  return v_id;
end $$;

-- A link that comes back to us, quoted in a mail, is good no more: agents can read that mail.
create or replace function desk.revoke_returned_links(mail jsonb) returns void
language plpgsql volatile set search_path = desk, public, pg_temp as $$
begin
  if jsonb_array_length(coalesce(mail -> 'portal_links', '[]')) > 0 then
    update portal_links l set revoked_at = now() where l.used_at is null and l.revoked_at is null
      and l.sha256 in (select jsonb_array_elements_text(mail -> 'portal_links'));
  end if;
end $$;

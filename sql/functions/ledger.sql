-- The ledger of every mail that was ever taken in: what became of it, and why. A mail on a ticket that the
-- agent may not see is not there; one on no ticket is everybody's.

create or replace function desk.is_open_to(ticket_id uuid, departments text[]) returns boolean
language plpgsql stable set search_path = desk, public, pg_temp as $$
begin
  return departments is null or ticket_id is null
    or exists (select from tickets t where t.id = is_open_to.ticket_id and desk.is_visible(t.department, departments));
end $$;

create or replace function desk.raw_mail_json(r desk.raw_mails) returns jsonb
language sql stable set search_path = desk, public, pg_temp as $$
  select jsonb_build_object('id', r.id, 'sha256', r.sha256, 'size', r.size, 'outcome', r.outcome,
    'reason', r.reason, 'detail', r.detail, 'sender', r.sender, 'subject', r.subject,
    'number', (select number from tickets where id = r.ticket_id), 'received_at', r.received_at,
    'sources', (select coalesce(jsonb_agg(b.name || ': ' || d.provider_id order by d.created_at), '[]')
      from deliveries d join mailboxes b on b.id = d.mailbox_id where d.raw_mail_id = r.id),
    'delivery', (select jsonb_build_object('mailbox_id', d.mailbox_id, 'provider_id', d.provider_id,
        'received_at', d.received_at, 'thread_id', d.thread_id, 'sent', d.sent, 'spam', d.spam)
      from deliveries d where d.raw_mail_id = r.id order by d.created_at, d.mailbox_id limit 1));
$$;

create or replace function public.settled_mails(sha256 text[]) returns jsonb
language sql stable security definer set search_path = desk, public, pg_temp as $$
  select coalesce(jsonb_agg(desk.raw_mail_json(r)), '[]') from raw_mails r where r.sha256 = any (settled_mails.sha256);
$$;
grant execute on function public.settled_mails to service_role;

create or replace function public.named_attachments(sha256 text[]) returns jsonb
language sql stable security definer set search_path = desk, public, pg_temp as $$
  select coalesce(jsonb_agg(x.sha256), '[]') from unnest(named_attachments.sha256) x (sha256)
  where exists (select from attachments a where a.sha256 = x.sha256);
$$;
grant execute on function public.named_attachments to service_role;

create or replace function public.settled_deliveries(mailbox_id uuid, provider_ids text[]) returns jsonb
language sql stable security definer set search_path = desk, public, pg_temp as $$
  select coalesce(jsonb_agg(x.provider_id), '[]') from (
    select d.provider_id from deliveries d
    where d.mailbox_id = settled_deliveries.mailbox_id and d.provider_id = any (settled_deliveries.provider_ids)
    union
    select o.provider_id from outbox o where o.provider_id = any (settled_deliveries.provider_ids)) x;
$$;
grant execute on function public.settled_deliveries to service_role;

-- The mailbox's own names of mails that it got since then and should still have: its drafts and its spam come and go.
create or replace function public.list_deliveries(
  mailbox_id uuid, since timestamptz, "after" text default '', "limit" integer default 1000
) returns jsonb
language sql stable security definer set search_path = desk, public, pg_temp as $$
  select coalesce(jsonb_agg(x.provider_id order by x.provider_id), '[]') from (
    select d.provider_id from deliveries d join raw_mails r on r.id = d.raw_mail_id
    where d.mailbox_id = list_deliveries.mailbox_id and d.provider_id > list_deliveries."after"
      and d.received_at >= list_deliveries.since and not d.spam
      and (r.outcome <> 'ignored' or r.ticket_id is not null)
    order by d.provider_id limit list_deliveries."limit") x;
$$;
grant execute on function public.list_deliveries to service_role;

create or replace function public.list_raw_mails(
  quarantined boolean default false, "after" bigint default 0, "limit" integer default 500
) returns jsonb
language plpgsql stable security definer set search_path = desk, public, pg_temp as $$
declare
  v_departments text[] := desk.my_departments();
begin
  perform desk.require_reader();
  return (select coalesce(jsonb_agg(desk.raw_mail_json(r) order by r.id), '[]') from (
    select * from raw_mails r
    where r.id > list_raw_mails."after" and (not list_raw_mails.quarantined or r.outcome = 'quarantined')
      and desk.is_open_to(r.ticket_id, v_departments)
    order by r.id limit list_raw_mails."limit") r);
end $$;
grant execute on function public.list_raw_mails to authenticated, service_role;

create or replace function public.count_quarantine() returns jsonb
language plpgsql stable security definer set search_path = desk, public, pg_temp as $$
begin
  perform desk.require_reader();
  return (select jsonb_build_object('count', count(*), 'oldest', min(r.received_at)) from raw_mails r
    where r.outcome = 'quarantined');
end $$;
grant execute on function public.count_quarantine to authenticated, service_role;

create or replace function public.show_raw_mail(id bigint) returns jsonb
language plpgsql stable security definer set search_path = desk, public, pg_temp as $$
declare
  v_raw raw_mails;
begin
  perform desk.require_reader();
  select * into v_raw from raw_mails r where r.id = show_raw_mail.id;
  if not found or not desk.is_open_to(v_raw.ticket_id, desk.my_departments()) then
    raise exception 'The ledger has no mail %.', show_raw_mail.id using errcode = 'PT404';
  end if;
  return desk.raw_mail_json(v_raw);
end $$;
grant execute on function public.show_raw_mail to authenticated, service_role;

-- The raw mail and the message that someone means: by a message's uuid, a Message-ID with or
-- without its brackets, the ledger's number, or the hash of the raw mail.
create or replace function desk.find_mail(name text, out raw_mail_id bigint, out message uuid)
language plpgsql stable set search_path = desk, public, pg_temp as $$
#variable_conflict use_variable
begin
  if name ~ '^[0-9]{1,18}$' then
    select r.id into raw_mail_id from raw_mails r where r.id = name::bigint;
  elsif name ~ '^[0-9a-f]{64}$' then
    select r.id into raw_mail_id from raw_mails r where r.sha256 = name;
  elsif name ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    select m.id, m.raw_mail_id into message, raw_mail_id from messages m where m.id = name::uuid;
  else
    select m.id, m.raw_mail_id into message, raw_mail_id from messages m
      where m.message_id in (name, '<' || name || '>') order by m.created_at limit 1;
  end if;
  if message is null then
    select m.id into message from messages m where m.raw_mail_id = find_mail.raw_mail_id;
  end if;
end $$;

create or replace function public.why(message text) returns jsonb
language plpgsql stable security definer set search_path = desk, public, pg_temp as $$
declare
  v_found record;
  v_raw raw_mails;
  v_message messages;
  v_ticket uuid;
begin
  perform desk.require_reader();
  select * into v_found from desk.find_mail(btrim(why.message));
  select * into v_raw from raw_mails where id = v_found.raw_mail_id;
  select * into v_message from messages where id = v_found.message;
  v_ticket := coalesce(v_message.ticket_id, v_raw.ticket_id);
  if v_found.raw_mail_id is null and v_found.message is null
     or not desk.is_open_to(v_ticket, desk.my_departments()) then
    raise exception 'No mail is known by "%".', why.message using errcode = 'PT404',
      hint = 'Give a Message-ID, the number that "ttydesk mail" shows, or a message''s id.';
  end if;
  return jsonb_build_object('raw_mail', v_raw.id, 'message', v_message.id,
    'number', (select number from tickets where id = v_ticket),
    'message_id', coalesce(v_message.message_id, ''),
    'subject', coalesce(v_raw.subject, (select subject from tickets where id = v_message.ticket_id), ''),
    'sender', coalesce(v_message.sender_email, v_raw.sender), 'outcome', v_raw.outcome,
    'rule', coalesce(v_message.joined_by, ''), 'evidence', coalesce(v_message.joined_evidence, ''),
    'reason', coalesce(v_raw.reason, ''), 'received_at', coalesce(v_raw.received_at, v_message.created_at));
end $$;
grant execute on function public.why to authenticated, service_role;

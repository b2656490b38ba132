-- Mail in. Taking a mail in twice changes nothing: not from a second mailbox, not by a second
-- process in the same instant, not after a crash.
--
-- Of a mail at a provider we also know how it lies there, which no sender can forge. `sent`: it left from the
-- mailbox, so one of us wrote it, there or here. `spam`: the provider takes it for that. `ignore`: it is no
-- mail to us at all (a draft, a chat, in the bin).

-- Functions that every mail goes through are plpgsql even where one query would do: it keeps its plans
-- for as long as a session lasts, while a query language function is set up anew at every call.
create or replace function desk.received_json(
  outcome mail_outcome, raw_mail bigint, ticket_id uuid default null, message uuid default null,
  rule text default '', evidence text default '', reason text default ''
) returns jsonb
language plpgsql stable set search_path = desk, public, pg_temp as $$
declare
  v_number bigint;
begin
  select t.number into v_number from tickets t where t.id = received_json.ticket_id;
  return jsonb_build_object('outcome', outcome, 'raw_mail', raw_mail, 'message', message, 'number', v_number,
    'rule', rule, 'evidence', coalesce(evidence, ''), 'reason', reason);
end $$;

-- The mail's line in the ledger, and the way it came. A mail that was in quarantine gets a new verdict.
create or replace function desk.enter_raw_mail(
  mail jsonb, outcome mail_outcome, reason text default '', ticket_id uuid default null, detail text default ''
) returns bigint
language plpgsql volatile set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_id bigint;
begin
  insert into raw_mails (sha256, size, outcome, reason, detail, sender, subject, ticket_id)
    values (mail #>> '{raw,sha256}', (mail #>> '{raw,size}')::bigint, enter_raw_mail.outcome, enter_raw_mail.reason,
      enter_raw_mail.detail, coalesce(mail #>> '{sender,email}', ''), coalesce(mail ->> 'subject', ''),
      enter_raw_mail.ticket_id)
    on conflict (sha256) do update set outcome = excluded.outcome, reason = excluded.reason,
      detail = excluded.detail, ticket_id = excluded.ticket_id, settled_at = now()
    returning id into v_id;
  perform desk.enter_delivery(mail, v_id);
  return v_id;
end $$;

create or replace function desk.enter_delivery(mail jsonb, raw_mail_id bigint) returns void
language plpgsql volatile set search_path = desk, public, pg_temp as $$
begin
  if mail ->> 'mailbox_id' is not null and mail ->> 'provider_id' is not null then
    insert into deliveries (mailbox_id, provider_id, raw_mail_id, received_at, thread_id, sent, spam)
      values ((mail ->> 'mailbox_id')::uuid, mail ->> 'provider_id', enter_delivery.raw_mail_id,
        (mail ->> 'arrived_at')::timestamptz, mail ->> 'gmail_thread_id', coalesce((mail ->> 'sent')::boolean, false),
        coalesce((mail ->> 'spam')::boolean, false))
      on conflict do nothing;
  end if;
end $$;

-- Whom a mail of ours was written to: the first recipient that is not one of our mailboxes; null when it went
-- to ourselves alone.
create or replace function desk.written_to(mail jsonb) returns jsonb
language sql stable set search_path = desk, public, pg_temp as $$
  select r.value from jsonb_array_elements((mail -> 'to') || coalesce(mail -> 'cc', '[]')) with ordinality r (value, ord)
  where not exists (select from mailboxes b where b.address = lower(r.value ->> 'email')) order by ord limit 1;
$$;

-- Whose address the mail came from: that of a mailbox of ours, of an agent, or a customer's. Asked once,
-- and kept in the mail; most are a customer's, and need no further question.
create or replace function desk.with_writer(mail jsonb) returns jsonb
language plpgsql stable set search_path = desk, public, pg_temp as $$
declare
  v_email text := lower(mail #>> '{sender,email}');
  v_writer text := case when (mail ->> 'sent')::boolean then 'mailbox'   -- also under an alias of its address
    when exists (select from mailboxes b where b.address = v_email) then 'mailbox'
    when exists (select from support_agents a join users u on u.id = a.id where u.email = v_email) then 'agent'
    else 'customer' end;
begin
  return mail || jsonb_build_object('writer', v_writer);
end $$;

-- Is this an answer of ours that was not written here? Of live mail only what left from the mailbox is: a
-- forged From would make us believe more. What somebody sent from a mailbox to ourselves alone is a mail to us.
-- Of an archive, what was written before there was this desk; but not what agents send about tickets of their own.
create or replace function desk.is_ours(mail jsonb, ticket_id uuid) returns boolean
language plpgsql stable set search_path = desk, public, pg_temp as $$
begin
  if (mail ->> 'sent')::boolean then
    return desk.written_to(mail) is not null;
  end if;
  if not coalesce((mail ->> 'history')::boolean, false) or mail ->> 'writer' = 'customer' then
    return false;
  end if;
  return exists (select from mailboxes b where b.address = lower(mail #>> '{sender,email}'))
      and desk.written_to(mail) is not null
    or exists (select from support_agents a join users u on u.id = a.id join tickets t on t.user_id <> a.id
      where u.email = lower(mail #>> '{sender,email}') and t.id = is_ours.ticket_id);
end $$;

-- Does one of our agents pass on what a customer wrote to them?
create or replace function desk.is_forwarded(mail jsonb) returns boolean
language plpgsql stable set search_path = desk, public, pg_temp as $$
begin
  if mail #>> '{forwarded_sender,email}' is null or mail ->> 'writer' = 'customer' then
    return false;
  end if;
  return exists (select from support_agents a join users u on u.id = a.id
    where a.active and u.email = lower(mail #>> '{sender,email}'));
end $$;

-- Who asks for help: the sender, but when one of our agents forwards a customer's mail, the customer,
-- and when we wrote first, whom we wrote to.
create or replace function desk.requester_of(mail jsonb) returns uuid
language plpgsql volatile set search_path = desk, public, pg_temp as $$
declare
  v_person jsonb := mail -> 'sender';
begin
  if desk.is_ours(mail, null) then
    v_person := desk.written_to(mail);
  elsif desk.is_forwarded(mail) then
    v_person := mail -> 'forwarded_sender';
  end if;
  return desk.user_for(v_person ->> 'email', coalesce(v_person ->> 'name', ''));
end $$;

-- What of a mail can be searched for.
create or replace function desk.searchable(mail jsonb) returns text
language plpgsql immutable set search_path = desk, public, pg_temp as $$
declare
  v_files text;
begin
  if mail -> 'attachments' <> '[]' then
    select string_agg(a.value ->> 'filename', ' ') into v_files from jsonb_array_elements(mail -> 'attachments') a;
  end if;
  return concat_ws(' ', mail #>> '{sender,name}', mail #>> '{sender,email}', mail ->> 'content', v_files);
end $$;

-- A conversation that somebody began from the mailbox is a ticket of whom it was written to; nobody waits for us.
create or replace function desk.open_ticket(mail jsonb) returns uuid
language plpgsql volatile set search_path = desk, public, pg_temp as $$
declare
  v_at timestamptz := (mail ->> 'received_at')::timestamptz;
  v_mailbox uuid := coalesce((mail ->> 'mailbox_id')::uuid, desk.default_mailbox());
  v_id uuid;
  v_began boolean := coalesce((mail ->> 'sent')::boolean, false) and desk.is_ours(mail, null);
begin
  insert into tickets (user_id, subject, gmail_thread_id, created_at, updated_at, mailbox_id, department,
      status, last_response_at, spam, last_message_at, waiting_since, message_count, attachment_count, words)
    values (desk.requester_of(mail), mail ->> 'subject', mail ->> 'gmail_thread_id', v_at, v_at, v_mailbox,
      (select b.department from mailboxes b where b.id = v_mailbox),
      case when v_began then 'pending' else 'open' end::ticket_status, case when v_began then v_at end,
      coalesce((mail ->> 'spam')::boolean, false), v_at,
      case when (mail ->> 'automatic')::boolean or desk.is_ours(mail, null) then 'infinity' else v_at end, 1,
      jsonb_array_length(mail -> 'attachments'),
      desk.words_of(concat_ws(' ', mail ->> 'subject', desk.searchable(mail))))
    returning id into v_id;
  return v_id;
end $$;

-- A further mail on a ticket: an answer of ours, or one that may open it again, and shows that it is no spam.
create or replace function desk.join_ticket(mail jsonb, ticket_id uuid) returns void
language plpgsql volatile set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_ticket tickets;
  v_at timestamptz := (mail ->> 'received_at')::timestamptz;
  v_changes jsonb := '{}';
begin
  select * into v_ticket from tickets where id = join_ticket.ticket_id for update;
  if desk.is_ours(mail, v_ticket.id) then
    if not (mail ->> 'automatic')::boolean then
      v_changes := desk.answered(v_ticket, v_at, coalesce((mail ->> 'sent')::boolean, false));
    end if;
  elsif desk.opens_again(mail, v_ticket.id) and v_at >= coalesce(v_ticket.last_response_at, '-infinity') then
    v_changes := jsonb_build_object('status', 'open', 'waiting_since', least(v_ticket.waiting_since, v_at));
  end if;
  if v_ticket.spam and not coalesce((mail ->> 'spam')::boolean, false) and not (mail ->> 'automatic')::boolean
     and not desk.is_judged(v_ticket.id) then
    v_changes := v_changes || '{"spam": false}';
  end if;
  perform desk.change_ticket(v_ticket, v_changes, 'received', coalesce(mail ->> 'reason', mail #>> '{sender,email}'), null,
    jsonb_build_object('id', mail -> 'id', 'content', desk.searchable(mail), 'messages', 1, 'at', v_at,
      'attachments', jsonb_array_length(mail -> 'attachments')));
end $$;

-- Under the id that its event names, where it has one.
create or replace function desk.add_message(
  mail jsonb, ticket_id uuid, raw_mail_id bigint, rule text, evidence text
) returns uuid
language plpgsql volatile set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_id uuid := coalesce((mail ->> 'id')::uuid, gen_random_uuid());
begin
  insert into messages (id, ticket_id, sender_email, sender_name, content, quoted_text, signature, direction,
      gmail_message_id, created_at, sent_at, message_id, fingerprint, in_reply_to, reference_ids, recipients,
      automatic, joined_by, joined_evidence, raw_mail_id)
    values (v_id, add_message.ticket_id, lower(mail #>> '{sender,email}'), coalesce(mail #>> '{sender,name}', ''),
      mail ->> 'content', coalesce(mail ->> 'quoted_text', ''), coalesce(mail ->> 'signature', ''),
      case when desk.is_ours(mail, add_message.ticket_id) then 'outgoing' else 'incoming' end::message_direction,
      mail ->> 'gmail_message_id', (mail ->> 'received_at')::timestamptz, (mail ->> 'sent_at')::timestamptz,
      mail ->> 'message_id', mail ->> 'fingerprint', mail #>> '{in_reply_to,0}',
      array(select jsonb_array_elements_text(mail -> 'references')),
      jsonb_build_object('to', coalesce(mail -> 'to', '[]'), 'cc', coalesce(mail -> 'cc', '[]'),
        'reply_to', case when desk.is_forwarded(mail) then jsonb_build_array(mail -> 'forwarded_sender')
          else coalesce(mail -> 'reply_to', '[]') end),
      (mail ->> 'automatic')::boolean, rule, coalesce(evidence, ''), add_message.raw_mail_id);
  if mail -> 'attachments' <> '[]' then
    insert into attachments (message_id, position, filename, content_type, size, sha256, content_id, inline)
      select v_id, a.ord, a.value ->> 'filename', a.value ->> 'content_type', (a.value ->> 'size')::bigint,
        a.value ->> 'sha256', a.value ->> 'content_id', coalesce((a.value ->> 'inline')::boolean, false)
      from jsonb_array_elements(mail -> 'attachments') with ordinality a (value, ord);
  end if;
  return v_id;
end $$;

-- A mail of which the desk already holds a copy; null when there is none, or when it was ignored for where it
-- lay (a draft, the bin) and lies elsewhere now.
create or replace function desk.known_copy(mail jsonb) returns jsonb
language plpgsql volatile set search_path = desk, public, pg_temp as $$
declare
  v_raw raw_mails;
  v_message messages;
begin
  select * into v_raw from raw_mails where sha256 = mail #>> '{raw,sha256}';
  if found and (v_raw.outcome <> 'quarantined' or mail -> 'quarantine' <> 'null')
     and (v_raw.outcome <> 'ignored' or v_raw.ticket_id is not null or mail ->> 'ignore' <> '') then
    perform desk.enter_copy(mail, v_raw);
    return desk.received_json('duplicate', v_raw.id, v_raw.ticket_id, reason => 'This very mail was taken in before.');
  end if;
  select * into v_message from messages m
    where m.message_id = mail ->> 'message_id' and m.fingerprint = mail ->> 'fingerprint';
  if found then
    perform desk.enter_thread(mail, v_message.ticket_id);
    return desk.received_json('duplicate',
      desk.enter_raw_mail(mail, 'duplicate', 'A copy of ' || v_message.message_id || '.', v_message.ticket_id),
      v_message.ticket_id, v_message.id, reason => 'A copy of a mail that was taken in before.');
  end if;
  return null;
end $$;

create or replace function desk.take_mail(mail jsonb) returns jsonb
language plpgsql volatile set search_path = desk, public, pg_temp as $$
declare
  v_known jsonb;
  v_match record;
  v_own messages;
  v_raw bigint;
  v_outcome mail_outcome := 'appended';
begin
  perform desk.lock_thread(mail);
  v_known := desk.known_copy(mail);
  if v_known is not null then
    return v_known;
  end if;
  if mail -> 'quarantine' <> 'null' then
    perform desk.revoke_returned_links(mail);
    v_raw := desk.enter_raw_mail(mail, 'quarantined', mail #>> '{quarantine,reason}', null,
      coalesce(mail #>> '{quarantine,detail}', ''));
    perform desk.record_event(null, 'quarantined', after => jsonb_build_object('raw_mail', v_raw));
    return desk.received_json('quarantined', v_raw, reason => mail #>> '{quarantine,reason}');
  end if;
  mail := desk.with_writer(mail) || jsonb_build_object('id', gen_random_uuid());
  v_own := desk.own_answer(mail);
  if v_own.id is not null or mail ->> 'ignore' <> '' then
    return desk.ignore_mail(mail, v_own);
  end if;
  perform desk.revoke_returned_links(mail);
  if mail -> 'bounce' <> 'null' then
    return desk.take_bounce(mail);
  end if;
  v_match := desk.match_ticket(mail);
  if v_match.ticket_id is null then
    v_match.ticket_id := desk.open_ticket(mail);
    v_outcome := 'created';
    perform desk.record_event(v_match.ticket_id, 'created', after => jsonb_build_object('message', mail -> 'id'),
      reason => mail #>> '{sender,email}'
        || case when (mail ->> 'spam')::boolean then ', taken for spam by the mailbox' else '' end);
  else
    perform desk.join_ticket(mail, v_match.ticket_id);
  end if;
  v_raw := desk.enter_raw_mail(mail, v_outcome, '', v_match.ticket_id);
  perform desk.enter_thread(mail, v_match.ticket_id);
  return desk.received_json(v_outcome, v_raw, v_match.ticket_id,
    desk.add_message(mail, v_match.ticket_id, v_raw, v_match.rule, v_match.evidence), v_match.rule, v_match.evidence);
end $$;

create or replace function public.receive_mail(mail jsonb) returns jsonb
language sql volatile security definer set search_path = desk, public, pg_temp as $$
  select desk.take_mail(mail);
$$;
grant execute on function public.receive_mail to service_role;

-- Several mails in one transaction. One that the desk cannot take is set aside with the reason,
-- and the others go on; what is wrong with the desk itself (no room, a deadlock) fails them all.
create or replace function public.receive_mails(mails jsonb) returns jsonb
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
declare
  v_mail jsonb;
  v_all jsonb[] := '{}';
begin
  for v_mail in select * from jsonb_array_elements(mails) loop
    begin
      v_all := v_all || desk.take_mail(v_mail);
    exception when data_exception or integrity_constraint_violation or program_limit_exceeded or raise_exception then
      v_all := v_all || desk.take_mail(v_mail || jsonb_build_object('quarantine',
        jsonb_build_object('reason', 'The database refused it: ' || sqlerrm, 'detail', sqlstate)));
    end;
  end loop;
  return to_jsonb(v_all);
end $$;
grant execute on function public.receive_mails to service_role;

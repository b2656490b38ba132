-- Which ticket a mail belongs to. Each rule says what it found, so that `why` can tell.

-- Whoever takes in mails of one thread at the same time does so one after the other: the mail
-- and what it answers are locked until the commit, always in the same order.
create or replace function desk.lock_thread(mail jsonb) returns void
language plpgsql volatile set search_path = desk, public, pg_temp as $$
begin
  perform pg_advisory_xact_lock(k) from (
    select distinct hashtextextended(x, 2) as k from (
      select mail #>> '{raw,sha256}' x union all select mail ->> 'message_id'
      union all select * from jsonb_array_elements_text(mail -> 'in_reply_to')
      union all (select r from jsonb_array_elements_text(mail -> 'references')
        with ordinality y (r, i) order by i desc limit 10)) ids
    where x is not null order by k) keys;
end $$;

-- The ticket that holds the message of this id, which the provider may have changed.
create or replace function desk.ticket_of(message_id text) returns uuid
language plpgsql stable set search_path = desk, public, pg_temp as $$
declare
  v_ticket uuid;
begin
  select m.ticket_id into v_ticket from messages m where m.message_id = ticket_of.message_id limit 1;
  if not found then
    select m.ticket_id into v_ticket from messages m where m.provider_message_id = ticket_of.message_id limit 1;
  end if;
  return v_ticket;
end $$;

-- By what the mail says it answers: In-Reply-To, then References from the newest (RFC 5322, 3.6.4),
-- against every id that we saw or sent.
create or replace function desk.match_ids(mail jsonb, out ticket_id uuid, out rule text, out evidence text)
language plpgsql stable set search_path = desk, public, pg_temp as $$
begin
  for rule, evidence in
    select r, x from (
      select 'in_reply_to' as r, x, i from jsonb_array_elements_text(mail -> 'in_reply_to') with ordinality y (x, i)
      union all
      select 'references', x, 1000000 - i from jsonb_array_elements_text(mail -> 'references') with ordinality y (x, i)
      union all
      select 'same_id', mail ->> 'message_id', 2000000) ids order by i
  loop
    ticket_id := desk.ticket_of(evidence);
    if ticket_id is not null then return; end if;
  end loop;
end $$;

-- The sender check: is this person on the ticket, as requester, writer or recipient?
create or replace function desk.is_on_ticket(ticket_id uuid, email text) returns boolean
language sql stable set search_path = desk, public, pg_temp as $$
  select exists (select from tickets t join users u on u.id = t.user_id
      where t.id = is_on_ticket.ticket_id and u.email = lower(is_on_ticket.email))
    or exists (select from messages m where m.ticket_id = is_on_ticket.ticket_id and (
      m.sender_email = lower(is_on_ticket.email)
      or exists (select from jsonb_array_elements(coalesce(m.recipients -> 'to', '[]') || coalesce(m.recipients -> 'cc', '[]')) r
        where lower(r.value ->> 'email') = lower(is_on_ticket.email))));
$$;

-- By what else ties a mail to a ticket: its answer that came before it, as it happens when an archive
-- is read; Gmail's thread; our token; our number in the subject, from somebody who is on that ticket. In what the
-- provider takes for spam the number counts for nothing: it is easily guessed, and a sender easily forged.
create or replace function desk.match_marks(mail jsonb, out ticket_id uuid, out rule text, out evidence text)
language plpgsql stable set search_path = desk, public, pg_temp as $$
begin
  select m.ticket_id, 'answered_by', m.message_id into ticket_id, rule, evidence
    from messages m where m.in_reply_to = mail ->> 'message_id' limit 1;
  if ticket_id is null and mail ->> 'gmail_thread_id' is not null then
    ticket_id := coalesce(
      (select h.ticket_id from threads h where h.mailbox_id = (mail ->> 'mailbox_id')::uuid
        and h.thread_id = mail ->> 'gmail_thread_id'),
      (select t.id from tickets t where t.gmail_thread_id = mail ->> 'gmail_thread_id' order by t.number limit 1));
    rule := 'gmail_thread';
    evidence := mail ->> 'gmail_thread_id';
  end if;
  if ticket_id is null and mail -> 'reply_tokens' <> '[]' then
    select t.id, 'reply_token', 'the token of #' || t.number into ticket_id, rule, evidence
      from tickets t where t.reply_token = any (array(select jsonb_array_elements_text(mail -> 'reply_tokens')))
      order by t.number limit 1;
  end if;
  if ticket_id is null and mail ->> 'subject_number' is not null and not coalesce((mail ->> 'spam')::boolean, false) then
    select t.id, 'subject_number', '#' || t.number || ' in the subject, from ' || (mail #>> '{sender,email}')
      into ticket_id, rule, evidence
      from tickets t where t.number = (mail ->> 'subject_number')::bigint
        and desk.is_on_ticket(t.id, mail #>> '{sender,email}');
  end if;
end $$;

-- The rules in their order; the first that finds a ticket decides. No ticket: the mail begins one.
create or replace function desk.match_ticket(mail jsonb, out ticket_id uuid, out rule text, out evidence text)
language plpgsql stable set search_path = desk, public, pg_temp as $$
declare
  v_match record := desk.match_ids(mail);
begin
  if v_match.ticket_id is null then
    v_match := desk.match_marks(mail);
  end if;
  ticket_id := v_match.ticket_id;
  rule := v_match.rule;
  evidence := v_match.evidence;
  if ticket_id is null then
    rule := 'new';
    evidence := coalesce('the subject names #' || (mail ->> 'subject_number') || ', but '
      || (mail #>> '{sender,email}') || ' is not on that ticket', '');
  end if;
end $$;

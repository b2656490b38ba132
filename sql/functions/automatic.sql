-- Mails that the desk writes by itself (RFC 3834). A mail that came in is never the cause of one, so there can be no
-- loop; a form that a stranger sends is. Such a mail holds nothing that they typed, and there is a budget.

-- Whose mailbox it is: what stands behind a plus is a label, of which anybody can think up as many as they like.
create or replace function desk.without_label(email text) returns text
language sql immutable set search_path = desk, public, pg_temp as $$
  select split_part(split_part(email, '@', 1), '+', 1) || '@' || split_part(email, '@', 2);
$$;

-- Why no automatic mail may go to this address just now; null: it may. `an_hour`: how many leave in all. The first who
-- asks in a transaction makes others wait: two at once must not both take the last of the budget.
create or replace function desk.refuses_automatic(email text, an_hour integer) returns text
language plpgsql volatile set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  c_to_one constant integer := 3;          -- an hour
  c_person constant text := desk.without_label(email);
  v_in_all bigint;
  v_to_one bigint;
begin
  if an_hour <= 0 then
    return 'They are switched off.';
  end if;
  if exists (select from mailboxes b where desk.without_label(b.address) = c_person) then
    return 'The address is one of our own.';
  elsif split_part(refuses_automatic.email, '@', 1) ~ '^(mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?)$' then
    return 'Nobody reads mail to that address.';
  elsif exists (select from recipients r where r.email = refuses_automatic.email
      and r.state not in ('waiting', 'sending', 'sent', 'cancelled') -- the words of its index
      and r.state in ('bounced', 'failed', 'complained') and r.updated_at > now() - interval '30 days') then
    return 'A mail to that address came back lately, or was called spam.';
  end if;
  perform pg_advisory_xact_lock(hashtext('ttydesk.automatic'));
  select count(*), count(*) filter (where exists (select from recipients r
      where r.message_id = m.id and desk.without_label(r.email) = c_person)) into v_in_all, v_to_one
    from messages m
    where m.automatic and m.direction = 'outgoing' and m.created_at > now() - interval '1 hour';
  return case when v_to_one >= c_to_one then format('%s went to that address within an hour.', v_to_one)
    when v_in_all >= an_hour then format('%s left within an hour.', v_in_all) end;
end $$;

-- A mail of the desk's own on a ticket. It changes nothing about the ticket but how much was said on it: nobody
-- has answered, and whoever waits still does.
create or replace function desk.add_automatic(t desk.tickets, kind text, email text, subject text, content text) returns uuid
language plpgsql volatile set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_id uuid := gen_random_uuid();
  v_address text := (select b.address from mailboxes b where b.id = desk.sending_mailbox(t.mailbox_id));
begin
  insert into messages (id, ticket_id, sender_email, content, subject, direction, message_id, recipients, automatic, joined_by)
    values (v_id, t.id, v_address, add_automatic.content, add_automatic.subject, 'outgoing',
      desk.own_message_id(t, v_id, v_address),
      jsonb_build_object('to', jsonb_build_array(jsonb_build_object('name', '', 'email', add_automatic.email)), 'cc', '[]'::jsonb),
      true, add_automatic.kind);
  insert into recipients (message_id, email) values (v_id, add_automatic.email);
  insert into outbox (message_id, not_before) values (v_id, clock_timestamp());
  update tickets set message_count = message_count + 1 where id = t.id;
  return v_id;
end $$;

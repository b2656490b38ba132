-- Reports that an answer of ours did not arrive (RFC 3464, and the many that keep to nothing).

-- The answer a report is about: by the id of the returned mail, else by what the report refers to.
create or replace function desk.bounced_message(mail jsonb) returns desk.messages
language plpgsql stable set search_path = desk, public, pg_temp as $$
declare
  v_answer messages;
  v_ticket uuid;
  v_ids text[] := array(select mail #>> '{bounce,message_id}'
    union all select jsonb_array_elements_text((mail -> 'in_reply_to') || (mail -> 'references')));
begin
  select m.* into v_answer
    from messages m
    where m.direction = 'outgoing' and (m.message_id = any (v_ids) or m.provider_message_id = any (v_ids))
    order by m.created_at desc limit 1;
  if found then
    return v_answer;
  end if;
  v_ticket := coalesce(desk.ticket_of(mail #>> '{bounce,message_id}'), (select t.id from tickets t
    where t.reply_token = any (array(select jsonb_array_elements_text(mail -> 'reply_tokens'))) limit 1),
    (select h.ticket_id from threads h where h.mailbox_id = (mail ->> 'mailbox_id')::uuid
      and h.thread_id = mail ->> 'gmail_thread_id'));
  select m.* into v_answer from messages m where m.ticket_id = v_ticket and m.direction = 'outgoing'
    order by m.created_at desc limit 1;
  return v_answer;
end $$;

-- What the report says of those whom it names. Says whether that was known of all of them: the provider may have
-- reported the same, and quicker.
create or replace function desk.note_bounce(m desk.messages, mail jsonb, is_permanent boolean, detail text) returns boolean
language plpgsql volatile set search_path = desk, public, pg_temp as $$
declare
  v_emails text[] := array(select lower(x) from jsonb_array_elements_text(mail #> '{bounce,recipients}') x);
  v_is_known boolean := (select bool_and(desk.weight(r.state) >= desk.weight('bounced')) from recipients r
    where r.message_id = m.id and (v_emails = '{}' or r.email = any (v_emails)));
begin
  perform desk.note_delivery(m.id, v_emails,
    case when is_permanent then 'bounced' else 'delayed' end::delivery_state, detail, (mail ->> 'received_at')::timestamptz);
  return coalesce(v_is_known, false);
end $$;

-- A permanent failure that was not known opens the ticket again, see open_for_author.
create or replace function desk.take_bounce(mail jsonb) returns jsonb
language plpgsql volatile set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_answer messages := desk.bounced_message(mail);
  v_ticket tickets;
  v_raw bigint;
  v_message uuid;
  v_detail text := concat_ws(' ', nullif(mail #>> '{bounce,status}', ''), mail ->> 'subject');
  v_counted jsonb;
  v_permanent boolean := coalesce((mail #>> '{bounce,permanent}')::boolean, true);
begin
  if v_answer.id is null then
    v_raw := desk.enter_raw_mail(mail, 'bounced', 'A report about a mail that the desk did not send.');
    return desk.received_json('bounced', v_raw, reason => 'A report about a mail that the desk did not send.');
  end if;
  select * into v_ticket from tickets where id = v_answer.ticket_id for update;
  v_raw := desk.enter_raw_mail(mail, 'bounced', '', v_ticket.id);
  if v_answer.ticket_id is null then       -- a letter, which is no ticket's affair
    perform desk.note_bounce(v_answer, mail, v_permanent, v_detail);
    return desk.received_json('bounced', v_raw, rule => 'bounce', evidence => v_answer.message_id);
  end if;
  perform desk.enter_thread(mail, v_ticket.id);
  v_message := desk.add_message(mail || '{"automatic": true}', v_ticket.id, v_raw, 'bounce', v_answer.message_id);
  v_counted := jsonb_build_object('id', v_message, 'messages', 1, 'at', mail ->> 'received_at');
  if not desk.note_bounce(v_answer, mail, v_permanent, v_detail) and v_permanent then
    perform desk.open_for_author(v_ticket, v_answer, v_detail, v_counted);
  elsif v_permanent then                   -- a report had opened it already
    perform desk.change_ticket(v_ticket, '{}', 'bounced', v_detail, message => v_counted);
  else
    perform desk.change_ticket(v_ticket, '{}', 'delayed', v_detail, message => v_counted);
  end if;
  return desk.received_json('bounced', v_raw, v_ticket.id, v_message, 'bounce', v_answer.message_id);
end $$;

-- Answers of ours that come in: sent from here and come back, or written in the mailbox itself.

-- Our own answer, come back by a list, a forwarding rule or a copy to ourselves, or found among what the mailbox
-- sent. The provider may have given it another Message-ID; then it is known by the one it had, or by our own mark.
create or replace function desk.own_answer(mail jsonb) returns desk.messages
language plpgsql stable set search_path = desk, public, pg_temp as $$
declare
  v_message messages;
  v_ids text[] := array[mail ->> 'message_id'];
begin
  if mail ->> 'writer' <> 'mailbox' then
    return null;
  end if;
  if (mail ->> 'sent')::boolean then       -- of others' mail these fields may be forged
    v_ids := v_ids || array(select jsonb_array_elements_text(mail -> 'own_ids'));
  end if;
  select m.* into v_message from messages m
    where m.direction = 'outgoing' and (m.message_id = any (v_ids) or m.provider_message_id = any (v_ids)) limit 1;
  return v_message;
end $$;

-- What the mailbox calls an answer of ours. That it is there is proof that it left, should whoever sent it have
-- died before it could say so.
create or replace function desk.learn_ids(m desk.messages, mail jsonb) returns void
language plpgsql volatile set search_path = desk, public, pg_temp as $$
begin
  perform desk.lock_names(array[m.message_id, mail ->> 'message_id', mail ->> 'provider_id']);
  perform public.mark_sent(m.id, mail ->> 'provider_id', mail ->> 'message_id', mail ->> 'gmail_thread_id');
  update messages x set provider_message_id = coalesce(x.provider_message_id, nullif(mail ->> 'message_id', x.message_id)),
      gmail_message_id = coalesce(x.gmail_message_id, mail ->> 'gmail_message_id')
    where x.id = m.id and (x.gmail_message_id is null or x.provider_message_id is null);
  if found then
    perform desk.join_reports(m.id);
  end if;
end $$;

create or replace function desk.ignore_mail(mail jsonb, own desk.messages) returns jsonb
language plpgsql volatile set search_path = desk, public, pg_temp as $$
declare
  v_reason text := case when own.id is null then mail ->> 'ignore' else 'Our own answer came back.' end;
begin
  if own.id is not null and (mail ->> 'sent')::boolean then
    perform desk.learn_ids(own, mail);
  end if;
  return desk.received_json('ignored', desk.enter_raw_mail(mail, 'ignored', v_reason, own.ticket_id), own.ticket_id,
    reason => v_reason);
end $$;

-- What an answer that was not written here changes. A customer who wrote after it still waits, and since then;
-- mails come in any order.
create or replace function desk.answered(t desk.tickets, at timestamptz, live boolean) returns jsonb
language plpgsql stable set search_path = desk, public, pg_temp as $$
declare
  v_changes jsonb := jsonb_build_object('last_response_at', greatest(t.last_response_at, at));
  v_since timestamptz;
begin
  if at < t.last_response_at or (t.waiting_since > at and t.waiting_since < 'infinity') then
    return v_changes;
  end if;
  v_since := (select min(m.created_at) from messages m where m.ticket_id = t.id and m.created_at > at
    and m.direction = 'incoming' and not m.automatic);
  if v_since is not null then
    return v_changes || case when t.waiting_since <= at then jsonb_build_object('waiting_since', v_since) else '{}' end;
  end if;
  return v_changes || jsonb_build_object('waiting_since', 'infinity')
    || case when live and t.status = 'open' then '{"status": "pending"}'::jsonb else '{}' end;
end $$;

-- Answers, notes and drafts: what agents write.

-- Refuses a text that cannot be sent as it is.
create or replace function desk.check_reply(content text, attachments jsonb) returns void
language plpgsql immutable set search_path = desk, public, pg_temp as $$
declare
  v_hole text;
begin
  if btrim(content, E' \t\r\n') = '' and jsonb_array_length(attachments) = 0 then
    raise exception 'The answer is empty.' using errcode = 'PT422';
  end if;
  v_hole := substring(regexp_replace(content, '```.*?```|`[^`]*`', '', 'g') from '\{\{[^{}]*\}\}');
  if v_hole is not null then
    raise exception 'The answer still holds the placeholder %.', v_hole using errcode = 'PT422',
      hint = 'Fill it in, or put it between backticks if it is meant to be read.';
  end if;
end $$;

-- The Message-ID that a message of ours will leave with. The ticket's token in it brings an answer home even when a
-- mail program keeps nothing else.
create or replace function desk.own_message_id(t desk.tickets, id uuid, address text) returns text
language sql immutable set search_path = desk, public, pg_temp as $$
  select '<t-' || t.reply_token || '.' || replace(own_message_id.id::text, '-', '') || '@'
    || split_part(address, '@', 2) || '>';
$$;

-- The row of the message, under the Message-ID it will leave with.
create or replace function desk.add_reply(
  t desk.tickets, agent_id uuid, content text, recipients jsonb, request_id uuid
) returns void
language plpgsql volatile set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_mailbox mailboxes;
  v_answered messages := desk.message_to_answer(t.id);
  v_parents text[] := '{}';
begin
  select * into v_mailbox from mailboxes where id = desk.sending_mailbox(t.mailbox_id);
  if not found then
    raise exception 'No mailbox is connected, so no answer can leave.' using errcode = 'PT409',
      hint = 'Connect one: ttydesk gmail connect; for a Maildir, start the daemon: ttydesk sync.';
  end if;
  if v_answered.raw_mail_id is null and v_answered.direction = 'incoming' then
    select s.* into v_answered             -- written down by us, so nobody has it: go on from our own last answer
      from desk.standing_messages(t.id) s where s.direction = 'outgoing' limit 1;
  end if;
  if v_answered.raw_mail_id is not null or v_answered.direction = 'outgoing' then
    v_parents := v_answered.reference_ids || v_answered.message_id;
  end if;
  insert into messages (id, ticket_id, sender_email, sender_name, content, direction, message_id, in_reply_to,
      reference_ids, recipients, joined_by, joined_evidence, author_id)
    select request_id, t.id, v_mailbox.address, u.name, content, 'outgoing',
      desk.own_message_id(t, request_id, v_mailbox.address), v_parents[array_upper(v_parents, 1)], v_parents, recipients, 'reply', '', agent_id
    from users u where u.id = agent_id;
  insert into recipients (message_id, email)
    select distinct request_id, lower(r.value ->> 'email')
    from jsonb_array_elements((recipients -> 'to') || (recipients -> 'cc')) r;
end $$;

create or replace function public.reply(
  number bigint, content text, status ticket_status default 'pending', "to" jsonb default null,
  cc jsonb default null, attachments jsonb default '[]', grace_seconds double precision default 10,
  request_id uuid default gen_random_uuid()
) returns jsonb
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_agent uuid := desk.current_agent();
  v_ticket tickets;
  v_recipients jsonb;
begin
  if not desk.is_done(request_id) then
    perform desk.check_reply(content, attachments);
    v_ticket := desk.locked_ticket(number);
    v_recipients := coalesce(desk.reply_recipients(desk.message_to_answer(v_ticket.id)), '{}')
      || jsonb_strip_nulls(jsonb_build_object('to', "to", 'cc', cc));
    if jsonb_array_length(coalesce(v_recipients -> 'to', '[]')) = 0 then
      raise exception 'The answer has no recipient.' using errcode = 'PT422';
    end if;
    perform desk.add_reply(v_ticket, v_agent, content, v_recipients, request_id);
    insert into outbox (message_id, not_before)
      values (request_id, clock_timestamp() + make_interval(secs => grace_seconds));
    insert into attachments (message_id, position, filename, content_type, size, sha256)
      select request_id, a.ord, a.value ->> 'filename', a.value ->> 'content_type', (a.value ->> 'size')::bigint,
        a.value ->> 'sha256'
      from jsonb_array_elements(reply.attachments) with ordinality a (value, ord);
    perform desk.change_ticket(v_ticket, jsonb_build_object('status', coalesce(reply.status, v_ticket.status),
      'waiting_since', 'infinity', 'last_response_at', now(), 'spam', false,
      'assigned_to', coalesce(v_ticket.assigned_to, v_agent)), 'replied', '', request_id,
      jsonb_build_object('content', content, 'messages', 1, 'attachments', jsonb_array_length(reply.attachments)));
    delete from drafts where ticket_id = v_ticket.id and agent_id = v_agent and kind = 'reply';
  end if;
  return desk.changed_json(request_id);
end $$;
grant execute on function public.reply to authenticated;

-- Stops an answer that has not left; its text is a draft again, unless another one has been
-- begun. False when it has left, or may have.
create or replace function desk.cancel_reply(message_id uuid) returns boolean
language plpgsql volatile set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_message messages;
begin
  update outbox set state = 'cancelled', settled_at = now()
    where message_id = cancel_reply.message_id and state = 'waiting' and unsure_since is null;
  if not found then
    return false;
  end if;
  select * into v_message from messages where id = cancel_reply.message_id;
  update recipients set state = 'cancelled', updated_at = now() where message_id = v_message.id;
  update tickets set message_count = message_count - 1, attachment_count = attachment_count
      - (select count(*) from attachments a where a.message_id = v_message.id),
      last_message_at = coalesce((select m.created_at from desk.standing_messages(v_message.ticket_id) m limit 1), created_at)
    where id = v_message.ticket_id;
  insert into drafts (ticket_id, agent_id, kind, content)
    values (v_message.ticket_id, v_message.author_id, 'reply', v_message.content) on conflict do nothing;
  return true;
end $$;

create or replace function public.unsend(number bigint, request_id uuid default gen_random_uuid()) returns jsonb
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_ticket tickets;
  v_event events;
begin
  perform desk.current_agent();
  if not desk.is_done(request_id) then
    v_ticket := desk.locked_ticket(number);
    select e.* into v_event from events e join outbox o on o.message_id = e.request_id
      where e.ticket_id = v_ticket.id and e.kind = 'replied' and o.state = 'waiting' and o.unsure_since is null
      order by e.id desc limit 1;
    if not found then
      raise exception 'Ticket #% has no answer that can be taken back.', v_ticket.number using errcode = 'PT409',
        hint = 'Either none was written, or it has left already, or may have.';
    end if;
    perform desk.cancel_reply(v_event.request_id);
    perform desk.change_ticket(v_ticket,
      coalesce((select jsonb_object_agg(key, v_event.before -> key) from jsonb_each(v_event.after)
        where value = desk.ticket_state(v_ticket) -> key), '{}'), 'unsent', '', request_id);
  end if;
  return desk.changed_json(request_id);
end $$;
grant execute on function public.unsend to authenticated;

create or replace function public.note(
  number bigint, content text, request_id uuid default gen_random_uuid()
) returns jsonb
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_agent uuid := desk.current_agent();
  v_ticket tickets;
begin
  if not desk.is_done(request_id) then
    if btrim(content, E' \t\r\n') = '' then
      raise exception 'The note is empty.' using errcode = 'PT422';
    end if;
    v_ticket := desk.locked_ticket(number);
    insert into notes (id, ticket_id, author_id, content) values (request_id, v_ticket.id, v_agent, note.content);
    perform desk.change_ticket(v_ticket, '{}', 'noted', '', request_id, jsonb_build_object('content', note.content));
    delete from drafts where ticket_id = v_ticket.id and agent_id = v_agent and kind = 'note';
  end if;
  return desk.changed_json(request_id);
end $$;
grant execute on function public.note to authenticated;

create or replace function public.save_draft(number bigint, kind text, content text) returns void
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_agent uuid := desk.current_agent();
  v_ticket uuid := (desk.known_ticket(number)).id;
begin
  if content = '' then
    delete from drafts d where d.ticket_id = v_ticket and d.agent_id = v_agent and d.kind = save_draft.kind;
  else
    insert into drafts (ticket_id, agent_id, kind, content) values (v_ticket, v_agent, save_draft.kind, save_draft.content)
      on conflict (ticket_id, agent_id, kind) do update set content = excluded.content, updated_at = now();
  end if;
end $$;
grant execute on function public.save_draft to authenticated;

-- What providers report of answers that have left: that they arrived, are late, came back, or were called spam.
--
-- Reports come late, twice and in any order, and before we know the name that the provider gave to a mail.

-- How much a state tells. The report that tells most stays, and of those that tell as much the latest.
create or replace function desk.weight(state delivery_state) returns integer
language sql stable set search_path = desk, public, pg_temp as $$
  select case state::text when 'delayed' then 1 when 'delivered' then 2 when 'bounced' then 3 when 'complained' then 4
    else 0 end;
$$;

-- Sets what is known of an answer's recipients (of all, where none is named). Says whether it came to that only now;
-- null: it was known, to the word.
create or replace function desk.note_delivery(
  message_id uuid, emails text[], state delivery_state, detail text, happened_at timestamptz
) returns boolean
language plpgsql volatile set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_recipient recipients;
  v_turned boolean;
begin
  for v_recipient in
    select * from recipients r where r.message_id = note_delivery.message_id
      and (emails = '{}' or r.email = any (emails)) order by r.email for update
  loop
    continue when (desk.weight(note_delivery.state), note_delivery.happened_at, note_delivery.detail)
      <= (desk.weight(v_recipient.state), coalesce(v_recipient.reported_at, '-infinity'), v_recipient.detail);
    update recipients r set state = note_delivery.state, detail = note_delivery.detail,
        reported_at = note_delivery.happened_at, updated_at = now()
      where r.message_id = note_delivery.message_id and r.email = v_recipient.email;
    v_turned := coalesce(v_turned, false) or v_recipient.state <> note_delivery.state;
  end loop;
  return v_turned;
end $$;

-- An answer that came back opens its ticket again for whoever wrote it: nobody else will notice. Of a mail that nobody
-- wrote it is only shown.
create or replace function desk.open_for_author(
  t desk.tickets, m desk.messages, reason text, message jsonb default '{}'
) returns void
language plpgsql volatile set search_path = desk, public, pg_temp as $$
begin
  update outbox o set state = 'bounced' where o.message_id = m.id and o.state = 'sent';
  perform desk.change_ticket(t, case when m.automatic then '{}' else jsonb_build_object('status', 'open',
    'waiting_since', least(t.waiting_since, now()), 'assigned_to', coalesce(t.assigned_to, m.author_id)) end,
    'bounced', reason, message => message);
end $$;

-- Who looks for a mail by one of these names waits for others who do: a report and the name that it is about may
-- come in the same moment, and one of the two must see the other. Always in the same order.
create or replace function desk.lock_names(names text[]) returns void
language plpgsql volatile set search_path = desk, public, pg_temp as $$
begin
  perform pg_advisory_xact_lock(k) from (
    select distinct hashtextextended(x, 3) as k from unnest(names) x where x <> '' order by k) keys;
end $$;

-- The answer that a report names: by the Message-ID that it left with, or that the provider made of it, or by the
-- provider's own name for it.
create or replace function desk.reported_message(message_id text, provider_id text) returns desk.messages
language plpgsql stable set search_path = desk, public, pg_temp as $$
declare
  v_message messages;
begin
  select m.* into v_message from messages m
    where m.message_id = nullif(reported_message.message_id, '') and m.direction = 'outgoing' limit 1;
  if not found then
    select m.* into v_message from messages m
      where m.provider_message_id = nullif(reported_message.message_id, '') and m.direction = 'outgoing' limit 1;
  end if;
  if not found then
    select m.* into v_message from outbox o join messages m on m.id = o.message_id
      where o.provider_id = nullif(reported_message.provider_id, '') limit 1;
  end if;
  return v_message;
end $$;

-- Has the answer left? Where an attempt broke off or was given up, the report itself is the proof, and keeps it from
-- being sent once more. While somebody sends it, that one will say so, and then the report is asked for.
create or replace function desk.has_left(message_id uuid, provider_id text) returns boolean
language plpgsql volatile set search_path = desk, public, pg_temp as $$
declare
  v_outbox outbox;
begin
  select * into v_outbox from outbox o where o.message_id = has_left.message_id for update;
  if v_outbox.state in ('sent', 'bounced') then
    return true;
  end if;
  if v_outbox.state = 'failed' or v_outbox.unsure_since is not null and (v_outbox.state = 'waiting'
      or v_outbox.state = 'sending' and v_outbox.leased_until < clock_timestamp()) then
    perform public.mark_sent(has_left.message_id, nullif(has_left.provider_id, ''));
    return true;
  end if;
  return false;
end $$;

-- Says whether it told anything new; null: the mail went to nobody of that address. A provider may name another one
-- than was written to, where it has an alias for it; of one recipient it can mean only that one.
create or replace function desk.take_report(m desk.messages, r desk.delivery_reports) returns boolean
language plpgsql volatile set search_path = desk, public, pg_temp as $$
declare
  v_ticket tickets;
  v_named text[] := array(select x.email from recipients x where x.message_id = m.id and x.email = r.email);
  v_count bigint := (select count(*) from recipients x where x.message_id = m.id);
  v_turned boolean;
  v_reason text := concat_ws(': ', nullif(r.email, ''), nullif(r.detail, ''));
begin
  if r.email <> '' and v_named = '{}' and v_count > 1 then
    return null;
  end if;
  select * into v_ticket from tickets t where t.id = m.ticket_id for update;
  v_turned := desk.note_delivery(m.id, v_named, r.state, r.detail, r.happened_at);
  if m.ticket_id is null then              -- a letter, which is no ticket's affair
    null;
  elsif v_turned and r.state = 'bounced' then
    perform desk.open_for_author(v_ticket, m, v_reason, jsonb_build_object('id', m.id));
  elsif v_turned is not null then
    perform desk.record_event(v_ticket.id, r.state::text, after => jsonb_build_object('message', m.id), reason => v_reason);
  end if;
  return v_turned is not null;
end $$;

-- One report as it is kept; what it lacks is empty. A service that takes only short marks was given the end of our
-- Message-ID, which is the message's own id (own_message_id).
create or replace function desk.report_row(report jsonb) returns desk.delivery_reports
language plpgsql stable set search_path = desk, public, pg_temp as $$
declare
  v_row delivery_reports;
begin
  if report ->> 'state' not in ('delayed', 'delivered', 'bounced', 'complained') then
    raise exception 'Nothing that was sent can be "%".', report ->> 'state' using errcode = 'PT422';
  end if;
  v_row.provider := coalesce(report ->> 'provider', '');
  v_row.message_id := coalesce(report ->> 'message_id', '');
  if v_row.message_id ~ '^<[0-9a-f]{32}>$' then
    v_row.message_id := coalesce((select m.message_id from messages m
      where m.id = btrim(v_row.message_id, '<>')::uuid and m.direction = 'outgoing'), v_row.message_id);
  end if;
  v_row.provider_id := coalesce(report ->> 'provider_id', '');
  v_row.email := lower(coalesce(report ->> 'email', ''));
  v_row.state := (report ->> 'state')::delivery_state;
  v_row.detail := coalesce(report ->> 'detail', '');
  v_row.happened_at := coalesce((report ->> 'happened_at')::timestamptz, now());
  v_row.received_at := now();
  v_row.digest := encode(sha256(convert_to(concat_ws(e'\x1f', v_row.provider, v_row.message_id, v_row.provider_id,
    v_row.email, v_row.state, v_row.detail, extract(epoch from v_row.happened_at)), 'UTF8')), 'hex');
  return v_row;
end $$;

-- Reports that came before the mail's names were known here.
create or replace function desk.join_reports(message_id uuid) returns void
language plpgsql volatile set search_path = desk, public, pg_temp as $$
declare
  v_message messages;
  v_provider_id text := (select nullif(o.provider_id, '') from outbox o where o.message_id = join_reports.message_id);
  v_report delivery_reports;
begin
  select * into v_message from messages m where m.id = join_reports.message_id;
  for v_report in
    delete from delivery_reports d where d.digest in (   -- each by the index that has no empty names
        select x.digest from delivery_reports x where x.message_id <> ''
          and x.message_id in (v_message.message_id, v_message.provider_message_id)
        union select x.digest from delivery_reports x where x.provider_id <> '' and x.provider_id = v_provider_id)
      returning d.*
  loop
    if desk.take_report(v_message, v_report) is null then
      insert into delivery_reports select v_report.* on conflict do nothing;
    end if;
  end loop;
end $$;

-- Takes what a provider reports. What names no answer of ours is kept, for it may be told too early. `once`: a
-- delivery of that name counts a single time, whatever it holds.
create or replace function public.report_delivery(reports jsonb, once text default null) returns jsonb
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_rows delivery_reports[] := array(select desk.report_row(x) from jsonb_array_elements(reports) x);
  v_row delivery_reports;
  v_message messages;
  v_told boolean;
  v_changed integer := 0;
  v_kept integer := 0;
begin
  if once is not null then
    insert into seen_tokens (digest) values (encode(sha256(convert_to(once, 'UTF8')), 'hex')) on conflict do nothing;
    if not found then
      return '{"changed": 0, "kept": 0, "repeated": true}';
    end if;
  end if;
  perform desk.lock_names(array(select x.message_id from unnest(v_rows) x union select x.provider_id from unnest(v_rows) x));
  perform from tickets t where t.id in (
    select (desk.reported_message(x.message_id, x.provider_id)).ticket_id from unnest(v_rows) x) order by t.number for update;
  foreach v_row in array v_rows loop
    v_message := desk.reported_message(v_row.message_id, v_row.provider_id);
    v_told := case when desk.has_left(v_message.id, v_row.provider_id) then desk.take_report(v_message, v_row) end;
    if v_told is null then
      insert into delivery_reports select v_row.* on conflict do nothing;
      v_kept := v_kept + 1;
    end if;
    v_changed := v_changed + coalesce(v_told, false)::integer;
  end loop;
  return jsonb_build_object('changed', v_changed, 'kept', v_kept, 'repeated', false);
end $$;
grant execute on function public.report_delivery to service_role;

-- Reports that nobody could place by now, the newest first.
create or replace function public.list_reports("limit" integer default 100) returns jsonb
language plpgsql stable security definer set search_path = desk, public, pg_temp as $$
begin
  perform desk.require_admin();
  return (select coalesce(jsonb_agg(to_jsonb(d) - 'digest' order by d.received_at desc, d.digest), '[]') from (
    select * from delivery_reports order by received_at desc, digest limit list_reports."limit") d);
end $$;
grant execute on function public.list_reports to authenticated, service_role;

-- Drops those that are older, and the names of deliveries that are too old to be taken once more. How many reports.
create or replace function public.prune_reports(days double precision default 30) returns jsonb
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
declare
  v_count bigint;
begin
  delete from seen_tokens where seen_at < now() - interval '1 day';
  delete from delivery_reports where received_at < now() - make_interval(secs => 86400 * days);
  get diagnostics v_count = row_count;
  return to_jsonb(v_count);
end $$;
grant execute on function public.prune_reports to service_role;

-- The addresses that customers write to.

create or replace function desk.mailbox_json(b desk.mailboxes) returns jsonb
language sql stable set search_path = desk, public, pg_temp as $$
  select to_jsonb(b) || jsonb_build_object('is_held', coalesce(b.leased_until > clock_timestamp(), false),
    'lag_seconds', case when b.connected then
      greatest(extract(epoch from clock_timestamp() - coalesce(b.synced_at, b.connected_at)), 0) end);
$$;

-- Where a ticket that came by no mailbox is answered from: the first that was connected, and one that
-- customers can write to before one that they cannot.
create or replace function desk.default_mailbox() returns uuid
language sql stable set search_path = desk, public, pg_temp as $$
  select id from mailboxes where connected
  order by address like '%@localhost', connected_at, id limit 1;
$$;

-- Where answers leave from on a ticket of this mailbox: from there, or once it is disconnected, from the
-- default one, so that none waits for what does not come back.
create or replace function desk.sending_mailbox(mailbox_id uuid) returns uuid
language sql stable set search_path = desk, public, pg_temp as $$
  select coalesce((select id from mailboxes where id = sending_mailbox.mailbox_id and connected), desk.default_mailbox());
$$;

-- Connecting it again brings its settings up to date; how far it was read stays, so that what came
-- meanwhile is taken in. Another account cannot take its name: the cursor would not be its own. And an
-- account at Gmail is one mailbox: under another name it is renamed.
create or replace function public.connect_mailbox(
  name text, kind mailbox_kind, address text, display_name text default '', signature text default '',
  department text default null, since timestamptz default null
) returns jsonb
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_mailbox mailboxes;
begin
  if connect_mailbox.kind = 'gmail' then
    update mailboxes b set name = connect_mailbox.name
      where b.kind = 'gmail' and b.address = lower(connect_mailbox.address)
        and not exists (select from mailboxes other where other.name = connect_mailbox.name);
  end if;
  insert into mailboxes as b (name, kind, address, display_name, signature, department, since)
    values (connect_mailbox.name, connect_mailbox.kind, lower(connect_mailbox.address),
      connect_mailbox.display_name, connect_mailbox.signature, nullif(connect_mailbox.department, ''),
      coalesce(connect_mailbox.since, now()))
    on conflict (name) do update set address = excluded.address, display_name = excluded.display_name,
      signature = excluded.signature, department = nullif(coalesce(connect_mailbox.department, b.department), ''),
      since = coalesce(connect_mailbox.since, b.since), connected = true
    where b.kind = excluded.kind and (b.kind = 'maildir' or b.address = excluded.address)
    returning b.* into v_mailbox;
  if not found then
    raise exception 'Another mailbox is called %.', connect_mailbox.name using errcode = 'PT409',
      hint = 'Give this one another name with --name.';
  end if;
  return desk.mailbox_json(v_mailbox);
end $$;
grant execute on function public.connect_mailbox to service_role;

-- Its tickets stay, and so does how far it was read.
create or replace function public.disconnect_mailbox(mailbox_id uuid) returns void
language sql volatile security definer set search_path = desk, public, pg_temp as $$
  update mailboxes set connected = false, leased_by = null, leased_until = null, watched_until = null
  where id = disconnect_mailbox.mailbox_id;
$$;
grant execute on function public.disconnect_mailbox to service_role;

-- Of several daemons one works on a mailbox. When it is this one, for so many seconds from now, the answer is
-- the mailbox, as another daemon may have left it; else null.
create or replace function public.lease_mailbox(
  mailbox_id uuid, worker text, seconds double precision default 60
) returns jsonb
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_mailbox mailboxes;
begin
  update mailboxes set leased_by = lease_mailbox.worker,
      leased_until = clock_timestamp() + make_interval(secs => lease_mailbox.seconds)
    where id = lease_mailbox.mailbox_id and connected
      and (leased_by is null or leased_by = lease_mailbox.worker or leased_until < clock_timestamp())
    returning * into v_mailbox;
  return case when found then desk.mailbox_json(v_mailbox) end;
end $$;
grant execute on function public.lease_mailbox to service_role;

-- For the next daemon, when this one ends in order.
create or replace function public.release_mailbox(mailbox_id uuid, worker text) returns void
language sql volatile security definer set search_path = desk, public, pg_temp as $$
  update mailboxes set leased_by = null, leased_until = null
  where id = release_mailbox.mailbox_id and leased_by = release_mailbox.worker;
$$;
grant execute on function public.release_mailbox to service_role;

-- Until when the provider tells of news by itself; null: it does not.
create or replace function public.save_watch(mailbox_id uuid, until timestamptz) returns void
language sql volatile security definer set search_path = desk, public, pg_temp as $$
  update mailboxes set watched_until = save_watch.until where id = save_watch.mailbox_id;
$$;
grant execute on function public.save_watch to service_role;

-- There is new mail, says whoever heard of it: a push, or a daemon that was told of another's mailbox. Kept, so
-- that the daemon that has the lease learns of it even if it listens only later. Says whether it is one of ours.
create or replace function public.wake_mailbox(address text) returns jsonb
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
begin
  update mailboxes b set woken_at = clock_timestamp() where b.address = lower(wake_mailbox.address) and b.connected;
  return to_jsonb(found);
end $$;
grant execute on function public.wake_mailbox to service_role;

create or replace function public.list_mailboxes() returns jsonb
language plpgsql stable security definer set search_path = desk, public, pg_temp as $$
begin
  perform desk.require_reader();
  return (select coalesce(jsonb_agg(desk.mailbox_json(b) order by b.connected_at), '[]') from mailboxes b);
end $$;
grant execute on function public.list_mailboxes to authenticated, service_role;

-- How far a mailbox was read, or why it could not be.
create or replace function public.save_cursor(mailbox_id uuid, cursor text, error text default null) returns void
language sql volatile security definer set search_path = desk, public, pg_temp as $$
  update mailboxes b set cursor = coalesce(save_cursor.cursor, b.cursor), last_error = save_cursor.error,
    synced_at = case when save_cursor.error is null then now() else b.synced_at end
  where b.id = save_cursor.mailbox_id;
$$;
grant execute on function public.save_cursor to service_role;

-- It was held against the ledger just now, and this was found.
create or replace function public.save_verification(mailbox_id uuid, verified jsonb) returns void
language sql volatile security definer set search_path = desk, public, pg_temp as $$
  update mailboxes b set verified_at = now(), verified = save_verification.verified
  where b.id = save_verification.mailbox_id;
$$;
grant execute on function public.save_verification to service_role;

-- The addresses that customers write to.

create or replace function desk.mailbox_json(b desk.mailboxes) returns jsonb
language sql stable set search_path = desk, public, pg_temp as $$
  select to_jsonb(b);
$$;

-- Where a ticket that came by no mailbox is answered from: the first that was connected.
create or replace function desk.default_mailbox() returns uuid
language sql stable set search_path = desk, public, pg_temp as $$
  select id from mailboxes order by connected_at, id limit 1;
$$;

create or replace function public.connect_mailbox(
  name text, kind mailbox_kind, address text, display_name text default '', signature text default ''
) returns jsonb
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_mailbox mailboxes;
begin
  insert into mailboxes as b (name, kind, address, display_name, signature)
    values (connect_mailbox.name, connect_mailbox.kind, lower(connect_mailbox.address),
      connect_mailbox.display_name, connect_mailbox.signature)
    on conflict (name) do update set kind = excluded.kind, address = excluded.address,
      display_name = excluded.display_name, signature = excluded.signature
    returning b.* into v_mailbox;
  return desk.mailbox_json(v_mailbox);
end $$;
grant execute on function public.connect_mailbox to service_role;

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

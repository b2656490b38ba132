-- Who may do what. Operations are granted one by one, beside each of them; here everything else
-- is closed. Tables are reached through operations alone, which run as their owner; their
-- row-level security is a second lock.
revoke all on schema desk from public, anon, authenticated, service_role;
revoke all on all tables in schema desk from public, anon, authenticated, service_role;
revoke execute on all functions in schema desk from public, anon, authenticated, service_role;
grant usage on schema public to anon, authenticated, service_role;

-- Postgres gives every new function to everybody. Ours are known by the search path they pin.
do $$ declare f regprocedure; begin
  for f in
    select oid from pg_proc where pronamespace = 'public'::regnamespace
      and 'search_path=desk, public, pg_temp' = any (proconfig)
  loop
    execute format('revoke execute on function %s from public, anon', f);
  end loop;
end $$;
grant execute on function public.desk_version to anon;  -- a client that does not fit says so before any sign-in

do $$ declare t regclass; begin
  for t in select oid from pg_class where relnamespace = 'desk'::regnamespace and relkind = 'r' loop
    execute format('alter table %s enable row level security', t);
  end loop;
end $$;

-- On Supabase files lie in its Storage, in a bucket of our own. Only what is new is ever written there.
do $$ begin
  if to_regclass('storage.objects') is not null then
    insert into storage.buckets (id, name, public) values ('ttydesk', 'ttydesk', false) on conflict do nothing;
    create policy ttydesk_read on storage.objects for select to authenticated
      using (bucket_id = 'ttydesk' and public.may_read_file(name, owner_id));
    create policy ttydesk_add on storage.objects for insert to authenticated
      with check (bucket_id = 'ttydesk' and public.may_add_file(name));
  end if;
end $$;

-- What withdraw.sql had put aside.
do $$ declare v_roles text := current_setting('ttydesk.granted_by_default', true); begin
  if v_roles <> '' then
    execute format('alter default privileges in schema public grant execute on functions to %s', v_roles);
  end if;
end $$;

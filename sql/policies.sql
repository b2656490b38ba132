-- Who may do what. Operations are granted one by one, beside each of them; here everything else
-- is closed. Tables are reached through operations alone, which run as their owner; their
-- row-level security is a second lock.
revoke all on schema desk from public, anon, authenticated, service_role;
revoke all on all tables in schema desk from public, anon, authenticated, service_role;
revoke execute on all functions in schema desk from public, anon, authenticated, service_role;
grant usage on schema public to anon, authenticated, service_role;

do $$ declare t regclass; begin
  for t in select oid from pg_class where relnamespace = 'desk'::regnamespace and relkind = 'r' loop
    execute format('alter table %s enable row level security', t);
  end loop;
end $$;

-- Takes away every policy, and every function that sql/functions/ made, so that they can be made
-- anew with other names, arguments and results. Without cascade: where a column or an index came to
-- depend on one of them this fails, rather than dropping it.
do $$
declare
  v_policy record;
  v_trigger record;
  v_function regprocedure;
begin
  for v_policy in
    select polname, polrelid::regclass as on_table
    from pg_policy join pg_class c on c.oid = polrelid
    where c.relnamespace = 'desk'::regnamespace
      or polrelid = to_regclass('storage.objects') and starts_with(polname, 'ttydesk_')  -- Supabase's; others' stay
  loop
    execute format('drop policy %I on %s', v_policy.polname, v_policy.on_table);
  end loop;

  for v_trigger in
    select tgname, tgrelid::regclass as on_table
    from pg_trigger join desk.operations on tgfoid = to_regprocedure(signature) where not tgisinternal
  loop
    execute format('drop trigger %I on %s', v_trigger.tgname, v_trigger.on_table);
  end loop;

  for v_function in                        -- the youngest first: it may use an older one
    select p.oid::regprocedure from pg_proc p join desk.operations on p.oid = to_regprocedure(signature)
    order by p.oid desc
  loop
    execute format('drop routine %s', v_function);
  end loop;

  delete from desk.operations;
end $$;

-- Supabase gives every new function in `public` to its three roles. Ours are granted one by one, so
-- that default is put aside while they are made; policies.sql puts it back.
do $$
declare
  v_roles text := (
    select string_agg(distinct a.grantee::regrole::text, ', ')
    from pg_default_acl d, aclexplode(d.defaclacl) a
    where d.defaclrole = current_user::regrole and d.defaclnamespace = 'public'::regnamespace
      and d.defaclobjtype = 'f' and a.grantee in ('anon'::regrole, 'authenticated'::regrole, 'service_role'::regrole));
begin
  perform set_config('ttydesk.granted_by_default', coalesce(v_roles, ''), true);
  if v_roles is not null then
    execute format('alter default privileges in schema public revoke execute on functions from %s', v_roles);
  end if;
end $$;

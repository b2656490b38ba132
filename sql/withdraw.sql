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
    from pg_policy join pg_class c on c.oid = polrelid where c.relnamespace = 'desk'::regnamespace
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

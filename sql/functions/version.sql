-- What version the desk in this database is of. Asked by whoever comes over the internet, before anything else.

-- The digests of sql/ as it was applied (core/version.py makes it) and of what is asked and answered (core/interface.py),
-- which ttydesk applied it, the migrations that ran, and when the first of them did: no other database has that
-- instant, so one that is reached by two ways is known by it.
create or replace function public.desk_version() returns jsonb
language sql stable security definer set search_path = desk, public, pg_temp as $$
  select jsonb_build_object(
    'digest', split_part(comment, ' ', 2),
    'interface', split_part(comment, ' ', 3),
    'program', split_part(comment, ' ', 4),
    'migrations', (select coalesce(jsonb_object_agg(name, checksum), '{}') from migrations),
    'began_at', (select min(applied_at) from migrations))
  from obj_description('desk'::regnamespace, 'pg_namespace') comment;
$$;
grant execute on function public.desk_version to authenticated, service_role;

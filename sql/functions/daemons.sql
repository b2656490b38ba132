-- The daemons: which there are, and whether they live. Times are the database's, as machines' clocks differ.

create or replace function public.beat(
  worker text, host text, home text, pid integer, version text, started_at timestamptz,
  received bigint default 0, sent bigint default 0, problems jsonb default '{}'
) returns void
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
begin
  insert into daemons as d (worker, host, home, pid, version, started_at, received, sent, problems)
    values (beat.worker, beat.host, beat.home, beat.pid, beat.version, beat.started_at, beat.received, beat.sent,
      beat.problems)
    on conflict (worker) do update set pid = excluded.pid, version = excluded.version,
      started_at = excluded.started_at, beat_at = now(), received = excluded.received, sent = excluded.sent,
      problems = excluded.problems;
end $$;
grant execute on function public.beat to service_role;

-- It ended in order. One that was killed stays for a month, so that one sees when it was last heard of.
create or replace function public.end_daemon(worker text) returns void
language sql volatile security definer set search_path = desk, public, pg_temp as $$
  delete from daemons d where d.worker = end_daemon.worker or d.beat_at < now() - interval '30 days';
$$;
grant execute on function public.end_daemon to service_role;

create or replace function public.list_daemons() returns jsonb
language plpgsql stable security definer set search_path = desk, public, pg_temp as $$
begin
  perform desk.require_reader();
  return (select coalesce(jsonb_agg(to_jsonb(d) || jsonb_build_object(
      'silent_seconds', greatest(extract(epoch from clock_timestamp() - d.beat_at), 0)) order by d.started_at), '[]')
    from daemons d);
end $$;
grant execute on function public.list_daemons to authenticated, service_role;

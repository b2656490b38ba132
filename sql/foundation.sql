-- What every other file stands on: the roles and the `auth` functions that Supabase has and a
-- plain Postgres lacks, and the tables that remember what was applied. Runs before each
-- migration; what is there already is left as it is.

-- Roles belong to the whole cluster: another database's migration may make them in this moment.
do $$
declare
  v_role text;
begin
  foreach v_role in array array['anon', 'authenticated', 'service_role'] loop
    begin
      if not exists (select from pg_roles where rolname = v_role) then
        execute format('create role %I nologin', v_role);
      end if;
    exception when duplicate_object or unique_violation then
      null;                                -- made by the other one: that was all we wanted
    end;
    if not pg_has_role(current_user, v_role, 'member') then
      execute format('grant %I to current_user', v_role);
    end if;
  end loop;
end $$;

-- Who is asking, from the claims that PostgREST or our own gateway set for the transaction.
do $$
begin
  if to_regprocedure('auth.uid()') is null then
    create schema if not exists auth;
    create function auth.jwt() returns jsonb language sql stable as
      $f$ select nullif(current_setting('request.jwt.claims', true), '')::jsonb $f$;
    create function auth.uid() returns uuid language sql stable as
      $f$ select (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $f$;
    grant usage on schema auth to anon, authenticated, service_role;
  end if;
end $$;

create schema if not exists desk;

create table if not exists desk.migrations (
  name text primary key,
  checksum text not null,                  -- of the file as it was then
  applied_at timestamptz not null default now()
);
alter table desk.migrations enable row level security;

create table if not exists desk.operations (  -- what sql/functions/ made, so that it can be taken away again
  signature text primary key
);
alter table desk.operations enable row level security;

-- Who is asking, and what they may see. Every operation an agent may call begins with one of these.

-- The asking agent, active or not; null for the daemon and the web server.
create or replace function desk.me() returns uuid
language plpgsql stable set search_path = desk, public, pg_temp as $$
begin
  if auth.uid() is null then               -- every mail that comes in is recorded by nobody
    return null;
  end if;
  return (select id from support_agents where coalesce(account_id, id) = auth.uid());
end $$;

-- The asking agent, who must be active.
create or replace function desk.current_agent() returns uuid
language plpgsql stable set search_path = desk, public, pg_temp as $$
declare
  v_agent uuid;
begin
  select id into v_agent from support_agents where coalesce(account_id, id) = auth.uid() and active;
  if not found then
    raise exception 'You are not an active agent of this desk.'
      using errcode = 'PT403', hint = 'Ask an admin to add you: ttydesk agent add EMAIL.';
  end if;
  return v_agent;
end $$;

-- Reading is for active agents, and for the daemon and the web server.
create or replace function desk.require_reader() returns void
language plpgsql stable set search_path = desk, public, pg_temp as $$
begin
  if coalesce(auth.jwt() ->> 'role', '') <> 'service_role' then
    perform desk.current_agent();
  end if;
end $$;

create or replace function desk.require_admin() returns void
language plpgsql stable set search_path = desk, public, pg_temp as $$
begin
  if coalesce(auth.jwt() ->> 'role', '') <> 'service_role'
     and not exists (select from support_agents where id = desk.me() and active and role = 'admin') then
    raise exception 'Only an admin may do that.' using errcode = 'PT403';
  end if;
end $$;

-- The departments that the asking agent sees, besides the tickets of none; null: all of them, as an admin,
-- an agent without departments, the daemon and the web server do.
create or replace function desk.my_departments() returns text[]
language plpgsql stable set search_path = desk, public, pg_temp as $$
begin
  return (select a.departments from support_agents a
    where a.id = desk.me() and a.role <> 'admin' and a.departments <> '{}');
end $$;

create or replace function desk.is_visible(department text, departments text[]) returns boolean
language sql immutable set search_path = desk, public, pg_temp as $$
  select departments is null or department is null or department = any (departments);
$$;

-- The person an address belongs to, made when it is the first time we hear of it.
create or replace function desk.user_for(email text, name text) returns uuid
language plpgsql volatile set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_user uuid;
begin
  select id into v_user from users where email = lower(user_for.email);
  if not found then
    insert into users (email, name) values (lower(user_for.email), user_for.name)
      on conflict (email) do update set name = coalesce(nullif(users.name, ''), excluded.name)
      returning id into v_user;
  elsif user_for.name <> '' then
    update users set name = user_for.name where id = v_user and name = '';
  end if;
  return v_user;
end $$;

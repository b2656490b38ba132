-- The people who answer.

create or replace function desk.agent_json(agent_id uuid) returns jsonb
language sql stable set search_path = desk, public, pg_temp as $$
  select jsonb_build_object('id', a.id, 'email', u.email, 'name', u.name, 'role', a.role,
    'departments', to_jsonb(a.departments), 'active', a.active, 'signature', a.signature)
  from support_agents a join users u on u.id = a.id where a.id = agent_json.agent_id;
$$;

create or replace function public.whoami() returns jsonb
language sql stable security definer set search_path = desk, public, pg_temp as $$
  select desk.agent_json(desk.current_agent());
$$;
grant execute on function public.whoami to authenticated;

create or replace function public.list_agents() returns jsonb
language plpgsql stable security definer set search_path = desk, public, pg_temp as $$
begin
  perform desk.require_reader();
  return (select coalesce(jsonb_agg(desk.agent_json(a.id) order by u.email), '[]')
    from support_agents a join users u on u.id = a.id);
end $$;
grant execute on function public.list_agents to authenticated, service_role;

-- Who signed in by a code or a link that was mailed to an agent's address is that agent from now on. A password
-- does not prove it: some projects let anybody sign up with any address.
create or replace function public.claim_account() returns jsonb
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
declare
  v_agent uuid := desk.me();
begin
  if v_agent is null and exists (select from jsonb_array_elements(coalesce(auth.jwt() -> 'amr', '[]')) m
      where m.value ->> 'method' in ('otp', 'magiclink', 'invite', 'recovery', 'email/signup')) then
    update support_agents a set account_id = auth.uid() from users u
      where u.id = a.id and u.email = lower(auth.jwt() ->> 'email') and a.active;
  end if;
  return desk.agent_json(desk.current_agent());
end $$;
grant execute on function public.claim_account to authenticated;

-- Makes an agent, or makes one active again. The first is an admin: somebody has to be.
create or replace function public.add_agent(
  email text, name text default '', role agent_role default 'agent', departments text[] default '{}',
  request_id uuid default null
) returns jsonb
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_user uuid;
begin
  perform desk.require_admin();
  if add_agent.email !~ '^[^@[:space:]<>,;"]+@[^@[:space:]<>,;"]+$' then
    raise exception '"%" is not an e-mail address.', add_agent.email using errcode = 'PT422';
  end if;
  perform pg_advisory_xact_lock(hashtextextended(add_agent.request_id::text, 1));
  v_user := desk.user_for(add_agent.email, add_agent.name);
  if exists (select from support_agents where id = v_user and active and added_by = add_agent.request_id) then
    return desk.agent_json(v_user);        -- carried out before
  elsif exists (select from support_agents where id = v_user and active) then
    raise exception '% is an agent already.', lower(add_agent.email) using errcode = 'PT409',
      hint = 'Change an agent with ttydesk agent update.';
  end if;
  insert into support_agents (id, role, departments, added_by)
    values (v_user, case when exists (select from support_agents) then add_agent.role else 'admin' end,
      add_agent.departments, add_agent.request_id)
    on conflict (id) do update set active = true, role = excluded.role, departments = excluded.departments,
      added_by = excluded.added_by;
  return desk.agent_json(v_user);
end $$;
grant execute on function public.add_agent to authenticated, service_role;

create or replace function public.update_agent(email text, changes jsonb) returns jsonb
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_agent support_agents;
  v_new support_agents;
  v_unknown text;
begin
  perform desk.require_admin();
  select string_agg(key, ', ') into v_unknown from jsonb_object_keys(changes) key
    where key <> all (array['name', 'role', 'departments', 'active', 'signature']);
  if v_unknown is not null then
    raise exception 'An agent has no field %.', v_unknown using errcode = 'PT422';
  end if;
  select a.* into v_agent from support_agents a join users u on u.id = a.id
    where u.email = lower(update_agent.email) for update of a;
  if not found then
    raise exception 'There is no agent %.', lower(update_agent.email) using errcode = 'PT404',
      hint = 'See ttydesk agent list.';
  end if;
  v_new := jsonb_populate_record(v_agent, changes - 'name');
  if v_agent.role = 'admin' and v_agent.active and not (v_new.role = 'admin' and v_new.active)
     and not exists (select from support_agents where role = 'admin' and active and id <> v_agent.id) then
    raise exception '% is the last active admin.', lower(update_agent.email) using errcode = 'PT409',
      hint = 'Make somebody else an admin first.';
  end if;
  if v_agent.id = desk.me() and not (v_new.role = 'admin' and v_new.active) then
    raise exception 'You cannot take your own rights away.' using errcode = 'PT409', hint = 'Another admin can.';
  end if;
  update support_agents set role = v_new.role, departments = v_new.departments, active = v_new.active,
    signature = v_new.signature where id = v_agent.id;
  update users set name = coalesce(changes ->> 'name', users.name) where id = v_agent.id;
  return desk.agent_json(v_agent.id);
end $$;
grant execute on function public.update_agent to authenticated, service_role;

-- Who someone is who holds the database itself: the agent of that address, or without one the
-- only active agent there is.
create or replace function public.sign_in(email text default null) returns jsonb
language plpgsql stable security definer set search_path = desk, public, pg_temp as $$
declare
  v_agents uuid[];
begin
  select array_agg(a.id) into v_agents from support_agents a join users u on u.id = a.id
    where a.active and (sign_in.email is null or u.email = lower(sign_in.email));
  if v_agents is null and sign_in.email is not null then
    raise exception 'There is no active agent %.', lower(sign_in.email) using errcode = 'PT404',
      hint = 'See ttydesk agent list; add one with ttydesk agent add.';
  elsif v_agents is null then
    raise exception 'This desk has no active agent.' using errcode = 'PT404',
      hint = 'Add one with ttydesk agent add EMAIL.';
  elsif array_length(v_agents, 1) > 1 then
    raise exception 'This desk has several agents; say which one you are.' using errcode = 'PT409',
      hint = 'Use --agent EMAIL, the environment''s TTYDESK_AGENT, or "agent" in the config file.';
  end if;
  return desk.agent_json(v_agents[1]);
end $$;
grant execute on function public.sign_in to service_role;

-- What a new desk cannot do without: somebody to answer, and an address to answer from.
-- Changes nothing where there are such already.
create or replace function public.begin_desk(email text, name text, address text, display_name text) returns void
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
begin
  if exists (select from support_agents) and exists (select from mailboxes) then
    return;
  end if;
  perform pg_advisory_xact_lock(hashtext('ttydesk.begin_desk'));
  if not exists (select from support_agents) then
    insert into support_agents (id, role) values (desk.user_for(begin_desk.email, begin_desk.name), 'admin');
  end if;
  if not exists (select from mailboxes) then
    perform public.connect_mailbox('support', 'maildir', begin_desk.address, begin_desk.display_name);
  end if;
end $$;
grant execute on function public.begin_desk to service_role;

-- Tokens: programs that work for an agent, and may do less than that agent.

-- What each scope allows. An operation that stands in none of them is out of reach of every token.
create or replace function desk.scopes() returns table (scope text, operations text[])
language sql immutable set search_path = desk, public, pg_temp as $$
  values
    ('tickets:read', array['whoami', 'list_tickets', 'find_ticket', 'show_ticket', 'list_events', 'events_since',
      'show_attachment']),
    ('tickets:write', array['whoami', 'find_ticket', 'create_ticket', 'update_tickets', 'reply', 'note', 'may_add_file']),
    ('agents:read', array['whoami', 'list_agents']),
    ('agents:write', array['whoami', 'list_agents', 'add_agent', 'update_agent']);
$$;

create or replace function desk.token_json(t desk.tokens) returns jsonb
language sql stable set search_path = desk, public, pg_temp as $$
  select jsonb_build_object('id', t.id, 'agent_email', u.email, 'name', t.name, 'scopes', to_jsonb(t.scopes),
    'created_at', t.created_at, 'expires_at', t.expires_at, 'last_used_at', t.last_used_at,
    'revoked_at', t.revoked_at)
  from users u where u.id = t.agent_id;
$$;

-- The agent a token is made for: oneself, or for an admin anybody.
create or replace function desk.token_agent(email text) returns uuid
language plpgsql stable set search_path = desk, public, pg_temp as $$
declare
  v_me uuid := desk.current_agent();
  v_agent uuid;
begin
  if token_agent.email is null then
    return v_me;
  end if;
  select a.id into v_agent from support_agents a join users u on u.id = a.id
    where u.email = lower(token_agent.email) and a.active;
  if v_agent is distinct from v_me then
    perform desk.require_admin();
  end if;
  if v_agent is null then
    raise exception 'There is no active agent %.', lower(token_agent.email) using errcode = 'PT404',
      hint = 'See ttydesk agent list.';
  end if;
  return v_agent;
end $$;

-- Whoever makes it keeps the token; here is only its SHA-256, in hex.
create or replace function public.create_token(
  sha256 text, scopes text[], name text default '', expires_at timestamptz default null, email text default null,
  request_id uuid default gen_random_uuid()
) returns jsonb
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_agent uuid := desk.token_agent(create_token.email);
  v_unknown text;
  v_token tokens;
begin
  select string_agg(s, ', ') into v_unknown from unnest(create_token.scopes) s
    where s not in (select scope from desk.scopes());
  if v_unknown is not null or cardinality(create_token.scopes) = 0 then
    raise exception '%', case when v_unknown is null then 'A token needs a scope.'
        else 'There is no scope ' || v_unknown || '.' end using errcode = 'PT422',
      hint = 'There are ' || (select string_agg(scope, ', ') from desk.scopes()) || '.';
  elsif create_token.expires_at <= now() then
    raise exception 'A token cannot expire in the past.' using errcode = 'PT422';
  end if;
  perform pg_advisory_xact_lock(hashtextextended(create_token.request_id::text, 1));
  select * into v_token from tokens t where t.created_by = create_token.request_id and t.agent_id = v_agent;
  if not found then
    insert into tokens (agent_id, name, sha256, scopes, expires_at, created_by)
      values (v_agent, create_token.name, create_token.sha256,
        array(select scope from desk.scopes() where scope = any (create_token.scopes)), create_token.expires_at,
        create_token.request_id)
      returning * into v_token;
  end if;
  return desk.token_json(v_token);
end $$;
grant execute on function public.create_token to authenticated;

-- An agent's own; for an admin, everybody's.
create or replace function public.list_tokens() returns jsonb
language plpgsql stable security definer set search_path = desk, public, pg_temp as $$
declare
  v_agent uuid := desk.current_agent();
begin
  return (select coalesce(jsonb_agg(desk.token_json(t) order by t.id), '[]') from tokens t
    where t.agent_id = v_agent or exists (select from support_agents a where a.id = v_agent and a.role = 'admin'));
end $$;
grant execute on function public.list_tokens to authenticated;

create or replace function public.revoke_token(id bigint) returns jsonb
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
#variable_conflict use_column
declare
  v_agent uuid := desk.current_agent();
  v_token tokens;
begin
  update tokens t set revoked_at = coalesce(t.revoked_at, now())
    where t.id = revoke_token.id and (t.agent_id = v_agent
      or exists (select from support_agents a where a.id = v_agent and a.role = 'admin'))
    returning * into v_token;
  if not found then
    raise exception 'There is no token %.', revoke_token.id using errcode = 'PT404', hint = 'See ttydesk token list.';
  end if;
  return desk.token_json(v_token);
end $$;
grant execute on function public.revoke_token to authenticated;

-- A call of an operation by its name, with arguments as PostgREST would take them: by the types that the function has
-- for them. Neither name nor types come from outside, they are the catalogue's own.
create or replace function desk.call_operation(operation text, arguments jsonb) returns jsonb
language plpgsql volatile set search_path = desk, public, pg_temp as $$
declare
  v_names text[];
  v_types oid[];
  v_unknown text;
  v_call text;
  v_answer jsonb;
begin
  if call_operation.operation = 'show_ticket' and arguments ?& array['number', 'limit']
    and arguments - array['number', 'limit'] = '{}' then  -- what programs ask for most: without the search below, in half the time
    return public.show_ticket((arguments ->> 'number')::bigint, (arguments ->> 'limit')::integer);
  end if;
  select coalesce(p.proargnames, '{}'), p.proargtypes into v_names, v_types from pg_proc p
    where p.pronamespace = 'public'::regnamespace and p.proname = call_operation.operation
      and has_function_privilege('authenticated', p.oid, 'execute');
  if not found then
    raise exception 'The desk has no operation %.', call_operation.operation using errcode = 'PT404';
  end if;
  select string_agg(key, ', ') into v_unknown from jsonb_object_keys(arguments) key where key <> all (v_names);
  if v_unknown is not null then
    raise exception '% takes no %.', call_operation.operation, v_unknown using errcode = 'PT422';
  end if;
  select format('select to_jsonb(public.%I(%s)) from jsonb_to_record($1) x (%s)', call_operation.operation,
      string_agg(format('%I => x.%I', a.name, a.name), ', '),
      string_agg(format('%I %s', a.name, format_type(a.type, null)), ', '))
    into v_call from unnest(v_names, v_types) a (name, type) where arguments ? a.name having count(*) > 0;
  execute coalesce(v_call, format('select to_jsonb(public.%I())', call_operation.operation)) into v_answer using arguments;
  return v_answer;
end $$;

-- The same for a program: what it asks for under a request id is remembered, and cannot be another thing next time.
-- A second call waits here for a first one that still runs.
create or replace function desk.run_operation(operation text, arguments jsonb) returns jsonb
language plpgsql volatile set search_path = desk, public, pg_temp as $$
declare
  v_fingerprint text;
begin
  if arguments ->> 'request_id' is not null then
    v_fingerprint := encode(sha256(convert_to(operation || (arguments - 'request_id')::text, 'utf8')), 'hex');
    insert into requests (request_id, fingerprint) values ((arguments ->> 'request_id')::uuid, v_fingerprint)
      on conflict do nothing;
    if not found and v_fingerprint <> (select r.fingerprint from requests r
        where r.request_id = (arguments ->> 'request_id')::uuid) then
      raise exception 'This idempotency key was used for another request.' using errcode = 'PT422',
        hint = 'Use a new key for each thing that is to be done, and the same one only to ask again.';
    end if;
  end if;
  return desk.call_operation(operation, arguments);
end $$;

-- A token, if it opens anything: known, neither revoked nor expired, of an active agent. Looked up at each call.
create or replace function desk.valid_token(sha256 text) returns desk.tokens
language plpgsql volatile set search_path = desk, public, pg_temp as $$
declare
  v_token tokens;
begin
  select t.* into v_token from tokens t where t.sha256 = valid_token.sha256
    and t.revoked_at is null and coalesce(t.expires_at, 'infinity') > now()
    and exists (select from support_agents a where a.id = t.agent_id and a.active);
  if not found then
    raise exception 'This token does not open the desk.' using errcode = 'PT401',
      hint = 'It is unknown, has expired, was revoked, or its agent is not active. Make one: ttydesk token create.';
  end if;
  if coalesce(v_token.last_used_at, '-infinity') < now() - interval '1 minute' then
    update tokens set last_used_at = now()
      where id = (select t.id from tokens t where t.id = v_token.id for update skip locked);  -- nobody waits for that
  end if;
  return v_token;
end $$;

-- From here to the end of the transaction we are the token's agent, if one of its scopes allows the operation.
create or replace function desk.act_for(token_sha256 text, operation text) returns void
language plpgsql volatile set search_path = desk, public, pg_temp as $$
declare
  v_token tokens := desk.valid_token(token_sha256);
begin
  if not exists (select from desk.scopes() s
      where s.scope = any (v_token.scopes) and act_for.operation = any (s.operations)) then
    raise exception 'The token may not do that.' using errcode = 'PT403', hint = coalesce('It takes one with the scope '
      || (select string_agg(s.scope, ' or ') from desk.scopes() s where act_for.operation = any (s.operations)) || '.',
      'No token may.');
  end if;
  perform set_config('request.jwt.claims', jsonb_build_object('role', 'authenticated',
    'sub', (select coalesce(account_id, id) from support_agents where id = v_token.agent_id))::text, true);
end $$;

-- An operation by whoever has the token.
create or replace function public.use_token(token_sha256 text, operation text, arguments jsonb default '{}') returns jsonb
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
declare
  v_before text := coalesce(current_setting('request.jwt.claims', true), '');
  v_answer jsonb;
begin
  perform desk.act_for(token_sha256, operation);
  v_answer := desk.run_operation(operation, arguments);
  perform set_config('request.jwt.claims', v_before, true);
  return v_answer;
end $$;
grant execute on function public.use_token to service_role;

-- The same for several calls that came at the same moment, {"token_sha256", "operation", "arguments"} each, in one round
-- trip. One that is refused is none of the others' business: its place holds {"code", "message", "hint"} in place of {"answer"}.
create or replace function public.use_tokens(calls jsonb) returns jsonb
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
declare
  v_before text := coalesce(current_setting('request.jwt.claims', true), '');
  v_call jsonb;
  v_asked text;
  v_acting text;                           -- what the token that we act for was looked at for; null: for none
  v_answers jsonb[] := '{}';
  v_hint text;
begin
  for v_call in select value from jsonb_array_elements(calls) loop
    begin
      v_asked := (v_call ->> 'token_sha256') || ' ' || (v_call ->> 'operation');
      if v_acting is null or v_acting is distinct from v_asked then
        perform desk.act_for(v_call ->> 'token_sha256', v_call ->> 'operation');
        v_acting := v_asked;
      end if;
      v_answers := v_answers || jsonb_build_object('answer',
        desk.run_operation(v_call ->> 'operation', v_call -> 'arguments'));
    exception when others then
      v_acting := null;                    -- with what was done for the call, its claims are undone
      get stacked diagnostics v_hint = pg_exception_hint;
      v_answers := v_answers || jsonb_build_object('code', sqlstate, 'message', sqlerrm, 'hint', nullif(v_hint, ''));
    end;
  end loop;
  perform set_config('request.jwt.claims', v_before, true);
  return to_jsonb(v_answers);
end $$;
grant execute on function public.use_tokens to service_role;

-- The same for a program that has an agent's own sign-in: what that agent may do, of what programs may do at all.
create or replace function public.run_once(operation text, arguments jsonb default '{}') returns jsonb
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
begin
  perform desk.current_agent();
  if not exists (select from desk.scopes() s where run_once.operation = any (s.operations)) then
    raise exception 'Programs may not do that.' using errcode = 'PT403';
  end if;
  return desk.run_operation(operation, arguments);
end $$;
grant execute on function public.run_once to authenticated;

-- Nobody asks again after so long. Says how many were forgotten.
create or replace function public.forget_requests(days integer default 7) returns bigint
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
declare
  v_count bigint;
begin
  delete from requests where created_at < now() - make_interval(days => forget_requests.days);
  get diagnostics v_count = row_count;
  return v_count;
end $$;
grant execute on function public.forget_requests to service_role;

-- Lists of tickets. A page is read along one index from where the last page ended, so the
-- first page of a million tickets costs what that of a hundred costs.

-- The tsquery for what someone typed as into a web search; the last word may be unfinished, unless it is one of
-- several parts that are looked for together.
create or replace function desk.search_query(words text) returns tsquery
language sql immutable set search_path = desk, public, pg_temp as $$
  select case
    when q::text ~ '[^)]$' and right(words, 1) ~ '\w' then (q::text || ':*')::tsquery
    else q end
  from websearch_to_tsquery('simple', words) q;
$$;

-- The words of a text as a ticket keeps them. A tsvector holds at most 1 MB.
create or replace function desk.words_of(content text) returns tsvector
language plpgsql immutable set search_path = desk, public, pg_temp as $$
begin
  return to_tsvector('simple', left(content, 50000));
end $$;

create or replace function desk.add_words(words tsvector, content text) returns tsvector
language plpgsql immutable set search_path = desk, public, pg_temp as $$
begin
  return case when pg_column_size(words) > 600000 then words else words || desk.words_of(content) end;
end $$;

-- A filter as SQL, but for its statuses and words. Every value goes in as a quoted literal. Spam is only in
-- lists that ask for it, or for one ticket by its number.
create or replace function desk.filter_sql(filter jsonb) returns text
language plpgsql stable set search_path = desk, public, pg_temp as $$
declare
  v_sql text := case when (filter ->> 'spam')::boolean then 't.spam' when filter ? 'number' then 'true'
    else 'not t.spam' end;
  v_key text;
  v_value text;
begin
  for v_key, v_value in select key, value from jsonb_each_text(filter - 'status' - 'words' - 'spam') loop
    v_sql := v_sql || ' and ' || case
      when v_key = 'priority' then
        format('t.priority = any (array(select jsonb_array_elements_text(%L))::ticket_priority[])', v_value)
      when v_key = 'assignee' and v_value = 'none' then 't.assigned_to is null'
      when v_key = 'assignee' and v_value = 'me' then format('t.assigned_to = %L', desk.current_agent())
      when v_key = 'assignee' then
        format('t.assigned_to = (select id from users where email = lower(%L))', v_value)
      when v_key = 'requester' then
        format('t.user_id = (select id from users where email = lower(%L))', v_value)
      when v_key = 'number' then format('t.number = %L', v_value)
      when v_key = 'created_since' then format('t.created_at >= %L', v_value)
      when v_key = 'created_until' then format('t.created_at < %L', v_value)
      when v_key = 'updated_since' then format('t.updated_at >= %L', v_value)
      when v_key = 'updated_until' then format('t.updated_at < %L', v_value)
    end;
    if v_sql is null then
      raise exception 'A list cannot be filtered by %.', v_key using errcode = 'PT422';
    end if;
  end loop;
  return v_sql;
end $$;

-- The parts of an order: its columns, their types, and whether it begins with the greatest.
create or replace function desk.order_of(sort ticket_sort, out columns text[], out types text[], out downwards boolean)
language sql immutable set search_path = desk, public, pg_temp as $$
  select case sort
      when 'latest' then array['last_message_at', 'number'] when 'updated' then array['updated_at', 'number'] when 'created' then array['created_at', 'number']
      when 'priority' then array['priority', 'updated_at', 'number'] when 'number' then array['number']
      when 'waiting' then array['waiting_since', 'number'] end,
    case sort
      when 'priority' then array['ticket_priority', 'timestamptz', 'bigint'] when 'number' then array['bigint']
      else array['timestamptz', 'bigint'] end,
    sort <> 'waiting';
$$;

-- A list as one walk along an index for each status and department that is asked for, merged: each is in order by
-- itself. In the order of waiting, those for whom nobody waits stand at one point of the index, by number.
create or replace function desk.list_sql(
  filter jsonb, sort ticket_sort, reverse boolean, "limit" integer, after text, rows text default 'tickets'
) returns text
language plpgsql stable set search_path = desk, public, pg_temp as $$
declare
  v_order record := desk.order_of(sort);
  v_down text := case when v_order.downwards <> reverse then ' desc' else '' end;
  v_departments text[] := desk.my_departments();
  v_by text := (select string_agg('t.' || c || v_down, ', ' order by i)
    from unnest(v_order.columns) with ordinality x (c, i));
  v_where text := desk.filter_sql(filter);
  v_walks text[];
begin
  if after is not null then
    v_where := v_where || format(' and (%s) %s (%s)',
      (select string_agg('t.' || c, ', ' order by i) from unnest(v_order.columns) with ordinality x (c, i)),
      case when v_down <> '' then '<' else '>' end,
      (select string_agg(format('%L::%s', split_part(after, '|', i::int), c), ', ' order by i)
        from unnest(v_order.types) with ordinality x (c, i)));
  end if;
  select array_agg(format('(select t.* from %s t where %s and %s and %s order by %s limit %s)', rows, v_where,
      in_status, in_department, case when v_departments is null then '' else 't.department' || v_down || ', ' end || v_by,
      "limit"))
    into v_walks
    from desk.status_conditions(filter -> 'status', sort) in_status,
      desk.department_conditions(v_departments) in_department;
  return format('select t.* from (%s) t order by %s limit %s', array_to_string(v_walks, ' union all '), v_by, "limit");
end $$;

create or replace function desk.status_conditions(statuses jsonb, sort ticket_sort) returns setof text
language sql immutable set search_path = desk, public, pg_temp as $$
  select format('t.status = %L::ticket_status', s)
    || case when sort = 'waiting' and s <> 'open' then $q$ and t.waiting_since = 'infinity'$q$ else '' end
  from jsonb_array_elements_text(statuses) s
  union all select 'true' where statuses is null;
$$;

create or replace function desk.department_conditions(departments text[]) returns setof text
language sql immutable set search_path = desk, public, pg_temp as $$
  select format('t.department = %L', d) from unnest(departments) d
  union all select case when departments is null then 'true' else 't.department is null' end;
$$;

-- Words that many tickets hold are found by walking the order; rare ones by their index.
-- The walk is bounded: a word that only old tickets hold would make it read everything.
create or replace function desk.matching_tickets(
  filter jsonb, sort ticket_sort, reverse boolean, "limit" integer, after text
) returns setof desk.tickets
language plpgsql stable set search_path = desk, public, pg_temp as $$
declare
  c_walk constant integer := 2000;
  v_match text;
  v_count integer;
begin
  if not filter ? 'words' then
    return query execute desk.list_sql(filter, sort, reverse, "limit", after);
    return;
  end if;
  v_match := format('t.words @@ %L::tsquery', desk.search_query(filter ->> 'words'));
  execute format('select count(*) from (select from (%s) t where %s limit %s) x',
    desk.list_sql(filter, sort, reverse, c_walk, after), v_match, "limit") into v_count;
  if v_count >= "limit" then
    return query execute format('select t.* from (%s) t where %s limit %s',
      desk.list_sql(filter, sort, reverse, c_walk, after), v_match, "limit");
  else
    return query execute desk.list_sql(filter, sort, reverse, "limit", after,
      format('(select t.* from tickets t where %s offset 0)', v_match));
  end if;
end $$;

-- Where a ticket stands in an order, as `after` takes it.
create or replace function desk.sort_key(t desk.tickets, sort ticket_sort) returns text
language sql stable set search_path = desk, public, pg_temp as $$
  select case sort
    when 'latest' then t.last_message_at || '|' || t.number when 'updated' then t.updated_at || '|' || t.number when 'created' then t.created_at || '|' || t.number
    when 'priority' then t.priority || '|' || t.updated_at || '|' || t.number when 'number' then t.number::text
    when 'waiting' then t.waiting_since || '|' || t.number end;
$$;

create or replace function public.list_tickets(
  filter jsonb default '{}', sort ticket_sort default 'latest', reverse boolean default false,
  "limit" integer default 50, after text default null
) returns jsonb
language plpgsql stable security definer set search_path = desk, public, pg_temp as $$
declare
  v_limit integer := least(greatest("limit", 1), 1000);
begin
  perform desk.require_reader();
  return (
    select jsonb_build_object(
      'tickets', coalesce(jsonb_agg(desk.ticket_json(t) order by i) filter (where i <= v_limit), '[]'),
      'next', case when count(*) > v_limit then max(desk.sort_key(t, sort)) filter (where i = v_limit) end)
    from (select t, row_number() over () as i
      from desk.matching_tickets(filter, sort, reverse, v_limit + 1, after) t) found);
end $$;
grant execute on function public.list_tickets to authenticated, service_role;

-- What is in each view that is counted.
create or replace function desk.view_conditions() returns table (name text, rows text, condition text)
language plpgsql stable set search_path = desk, public, pg_temp as $$
begin
  return query values
    ('unassigned', 'tickets', $q$assigned_to is null and status in ('open', 'pending') and not spam$q$),
    ('mine', 'tickets', format($q$assigned_to = %L and status in ('open', 'pending') and not spam$q$, desk.me())),
    ('open', 'tickets', $q$status = 'open' and not spam$q$),
    ('pending', 'tickets', $q$status = 'pending' and not spam$q$),
    ('resolved', 'tickets', $q$status = 'resolved' and not spam$q$),
    ('all', 'tickets', 'not spam'),
    ('spam', 'tickets', 'spam'),
    ('quarantine', 'raw_mails', $q$outcome = 'quarantined'$q$);
end $$;

-- How much there is in each view; counting stops at `limit`, since more need not be told apart.
create or replace function public.count_views("limit" integer default 1000) returns jsonb
language plpgsql stable security definer set search_path = desk, public, pg_temp as $$
declare
  v_departments text[] := desk.my_departments();
  v_seen text := case when v_departments is null then 'true'
    else format('(department is null or department = any (%L))', v_departments) end;
  v_counts jsonb := jsonb_build_object('limit', "limit");
  v_view record;
  v_count bigint;
begin
  perform desk.require_reader();
  for v_view in select * from desk.view_conditions() loop
    execute format('select count(*) from (select from desk.%I where %s and %s limit %s) x', v_view.rows,
      v_view.condition, case when v_view.rows = 'tickets' then v_seen else 'true' end, "limit") into v_count;
    v_counts := v_counts || jsonb_build_object(v_view.name, v_count);
  end loop;
  return v_counts;
end $$;
grant execute on function public.count_views to authenticated, service_role;

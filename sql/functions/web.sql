-- What the web servers of a desk share.

-- The key by which they know what one of them has handed out; made the first time. 244 random bits.
create or replace function public.web_key() returns text
language plpgsql volatile security definer set search_path = desk, public, pg_temp as $$
declare
  v_secret text;
begin
  insert into keys (name, secret)
    values ('web', replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '')) on conflict do nothing;
  select secret into v_secret from keys where name = 'web';
  return v_secret;
end $$;
grant execute on function public.web_key to service_role;

-- Who may have a file that lies in Supabase Storage; asked by the policies there (policies.sql). They say no rather
-- than raise: the project may have other buckets, and other people signed in.

-- An agent: the raw mails and attachments of tickets in sight, and what they put there themselves.
create or replace function public.may_read_file(name text, owner_id text) returns boolean
language plpgsql stable security definer set search_path = desk, public, pg_temp as $$
declare
  v_departments text[];
  v_sha256 text := split_part(may_read_file.name, '/', 2);
begin
  if not exists (select from support_agents where id = desk.me() and active) then
    return false;
  end if;
  v_departments := desk.my_departments();
  return may_read_file.owner_id = auth.uid()::text
    or may_read_file.name like 'raw/%' and exists (
      select from raw_mails r where r.sha256 = v_sha256 and desk.is_open_to(r.ticket_id, v_departments)
        and (v_departments is null or r.outcome <> 'ignored'))   -- our own mail come back, with a link to the portal in it
    or may_read_file.name like 'attachments/%' and exists (
      select from attachments a join messages m on m.id = a.message_id
      where a.sha256 = v_sha256 and desk.is_open_to(m.ticket_id, v_departments));
end $$;
grant execute on function public.may_read_file to authenticated;

-- An agent: attachments of answers. Raw mails are the daemon's, which no policy binds.
create or replace function public.may_add_file(name text) returns boolean
language sql stable security definer set search_path = desk, public, pg_temp as $$
  select may_add_file.name ~ '^attachments/[0-9a-f]{64}$'
    and exists (select from support_agents where id = desk.me() and active);
$$;
grant execute on function public.may_add_file to authenticated;

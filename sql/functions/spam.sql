-- What a provider's spam filter says of mail, and who knows better.

-- May this mail open its ticket again? Not an automatic one. What the provider takes for spam only when it is
-- from somebody on the ticket: such a mail answers ids that nobody can guess, and is rather a mistake of the filter.
create or replace function desk.opens_again(mail jsonb, ticket_id uuid) returns boolean
language plpgsql stable set search_path = desk, public, pg_temp as $$
begin
  if (mail ->> 'automatic')::boolean then
    return false;
  end if;
  return not coalesce((mail ->> 'spam')::boolean, false) or desk.is_on_ticket(ticket_id, mail #>> '{sender,email}');
end $$;

-- Has an agent said whether the ticket is spam? Then it stays so, whatever the provider thinks.
create or replace function desk.is_judged(ticket_id uuid) returns boolean
language sql stable set search_path = desk, public, pg_temp as $$
  select exists (select from events e where e.ticket_id = is_judged.ticket_id and e.actor_id is not null
    and e.after ? 'spam');
$$;

-- The very same mail, by another way or looked at again. One that somebody has taken out of the provider's spam
-- is none here either, unless an agent said so.
create or replace function desk.enter_copy(mail jsonb, r desk.raw_mails) returns void
language plpgsql volatile set search_path = desk, public, pg_temp as $$
declare
  v_ticket tickets;
begin
  if r.ticket_id is not null and r.outcome = 'created' and not coalesce((mail ->> 'spam')::boolean, false)
     and exists (select from deliveries d where d.raw_mail_id = r.id and d.spam
       and d.mailbox_id = (mail ->> 'mailbox_id')::uuid and d.provider_id = mail ->> 'provider_id') then
    select * into v_ticket from tickets t where t.id = r.ticket_id for update;
    if v_ticket.spam and not desk.is_judged(v_ticket.id) then
      perform desk.change_ticket(v_ticket, '{"spam": false}', 'received', 'It was taken out of the mailbox''s spam.');
    end if;
  end if;
  perform desk.enter_delivery(mail, r.id);
  perform desk.enter_thread(mail, r.ticket_id);
end $$;

-- Whom an agent signs in as, where signing in is somebody else's affair (Supabase's); null: as themselves.
alter table support_agents add column account_id uuid;
create unique index support_agents_account on support_agents ((coalesce(account_id, id)));

-- Lists of agents who see some departments only.
create index tickets_department_latest on tickets (department, last_message_at, number);

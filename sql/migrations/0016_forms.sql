-- Links to the form that are filled in beforehand, and mails that the desk writes by itself.
create table form_links (
  number integer generated always as identity primary key,
  sha256 text not null unique check (sha256 ~ '^[0-9a-f]{64}$'),   -- of what stands in the link, which is not kept
  department text,
  subject text not null default '',
  email text not null default '',
  created_by uuid not null references support_agents on delete restrict,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null default 'infinity',
  revoked_at timestamptz,
  uses integer not null default 0,         -- forms that were sent by it
  used_at timestamptz
);

-- The subject a message leaves with, where it is not the ticket's: a stranger may have chosen that one.
alter table messages add column subject text;

-- What left by itself lately, which is little; and who could not be reached.
create index messages_automatic on messages (created_at) where automatic and direction = 'outgoing';
create index recipients_bounced on recipients (email) where state not in ('waiting', 'sending', 'sent', 'cancelled');

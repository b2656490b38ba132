-- Whether an agent may have a file is asked by its content.
create index attachments_sha256 on attachments (sha256);

create table keys (                        -- what the web servers of a desk share, and nobody else may know
  name text primary key,
  secret text not null,
  created_at timestamptz not null default now()
);

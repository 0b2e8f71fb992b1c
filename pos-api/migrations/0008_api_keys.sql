-- Who may call the API. Only the SHA-256 of a secret is kept: a secret is 256 random bits, which no one guesses from
-- its hash, so a slow password hash would cost each request and protect nothing. Rows stay when revoked, to be audited.
create table api_keys (
  key_id       text primary key check (key_id ~ '^[a-z0-9]{8,32}$'),
  secret_hash  bytea not null check (length(secret_hash) = 32),
  name         text not null check (length(name) between 1 and 100),
  branch_id    text references branches,
  scopes       text[] not null check (scopes <@ array['post', 'void', 'read', 'admin'] and cardinality(scopes) > 0),
  created_at   timestamptz(3) not null default clock_timestamp(),
  revoked_at   timestamptz(3),
  last_used_at timestamptz(3),
  -- Refused from then on; null: it has no end.
  expires_at   timestamptz(3) check (expires_at > created_at),
  -- The catalog is the chain's: a key that may change it belongs to no branch.
  check (branch_id is null or not 'admin' = any (scopes))
);

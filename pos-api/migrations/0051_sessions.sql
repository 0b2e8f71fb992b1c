-- The owner's sessions, by the SHA-256 of the token in the browser's cookie. A row that is deleted is a session that is over;
-- one of another password than the owner's counts as over, too.
create table sessions (
  token_hash    bytea primary key check (length(token_hash) = 32),
  password_hash text not null,
  started_at    timestamptz(3) not null,
  last_used_at  timestamptz(3) not null
);

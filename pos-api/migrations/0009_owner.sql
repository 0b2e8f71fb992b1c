-- The password that opens the owner's pages: one row or none. `hash` is scrypt's, with its salt and cost
-- ($scrypt$ln=15,r=8,p=3$salt$hash), so that the cost can be raised without a new password.
create table owner_password (
  only_one boolean primary key default true check (only_one),
  hash     text not null check (hash like '$scrypt$%'),
  set_at   timestamptz(3) not null default clock_timestamp()
);

-- The owner's sessions, by the SHA-256 of the token in the browser's cookie. A row that is deleted is a session that is over;
-- one of another password than the owner's counts as over, too.
create table sessions (
  token_hash    bytea primary key check (length(token_hash) = 32),
  password_hash text not null,
  started_at    timestamptz(3) not null,
  last_used_at  timestamptz(3) not null
);

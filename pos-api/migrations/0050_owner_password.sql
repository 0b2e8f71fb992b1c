-- The password that opens the owner's pages: one row or none. `hash` is scrypt's, with its salt and cost
-- ($scrypt$ln=15,r=8,p=3$salt$hash), so that the cost can be raised without a new password.
create table owner_password (
  only_one boolean primary key default true check (only_one),
  hash     text not null check (hash like '$scrypt$%'),
  set_at   timestamptz(3) not null default clock_timestamp()
);

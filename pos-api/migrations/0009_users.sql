-- Who may log in, and who may sell at a till. Hashes are scrypt's, with their salt and cost ($scrypt$ln=15,r=8,p=3$salt$hash), so that
-- the cost can be raised without new passwords. Rows stay when ended, to be audited.
create table users (
  user_id       integer generated always as identity primary key,
  name          text not null check (length(name) between 1 and 60),
  role          text not null check (role in ('owner', 'manager', 'cashier')),
  -- The branches of a manager or a cashier; an owner has all.
  branch_ids    text[] not null,
  -- Opens the pages. Null: this user does not log in.
  password_hash text check (password_hash like '$scrypt$%'),
  -- Signs in at a till. Null: this user does not sell.
  pin_hash      text check (pin_hash like '$scrypt$%'),
  -- Wrong PINs in a row; at ten the PIN opens nothing until there is a new one. Counted here, so that no restart forgets them.
  pin_failures  integer not null default 0,
  created_at    timestamptz(3) not null default clock_timestamp(),
  ended_at      timestamptz(3),
  check ((role = 'owner') = (cardinality(branch_ids) = 0)),
  check (password_hash is not null or pin_hash is not null),
  -- The one whose password `npm run password` sets.
  check (lower(name) <> 'owner' or role = 'owner')
);
create unique index users_of_name on users (lower(name)) where ended_at is null;

-- Who is logged in, by the SHA-256 of the token in the browser's cookie. A row that is deleted is a session that is over; one of another
-- password than the user's, or of a user who was ended, counts as over, too.
create table sessions (
  token_hash    bytea primary key check (length(token_hash) = 32),
  user_id       integer not null references users,
  password_hash text not null,
  started_at    timestamptz(3) not null,
  last_used_at  timestamptz(3) not null
);

-- Who stands at which till since when. Rows stay for a while when they are over: what a till sold offline comes later, and says by
-- whom.
create table till_sign_ins (
  token_hash    bytea primary key check (length(token_hash) = 32),
  user_id       integer not null references users,
  branch_id     text not null references branches,
  signed_in_at  timestamptz(3) not null default clock_timestamp(),
  signed_out_at timestamptz(3)
);
create index till_sign_ins_of_user on till_sign_ins (user_id) where signed_out_at is null;

-- Whoever is ended or gets another PIN is signed out at every till.
create function sign_out_everywhere() returns trigger language plpgsql security definer set search_path = public as $$
begin
  update till_sign_ins set signed_out_at = clock_timestamp() where user_id = new.user_id and signed_out_at is null;
  return null;
end $$;
create trigger users_sign_out after update of ended_at, pin_hash on users for each row
  when (new.ended_at is distinct from old.ended_at or new.pin_hash is distinct from old.pin_hash)
  execute function sign_out_everywhere();

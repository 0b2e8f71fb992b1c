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

-- Who made, changed and ended which key, and when. Only added to; a trigger writes it, so that no way of making a key passes it by.
create table api_key_events (
  event_id     bigint generated always as identity primary key,
  key_id       text not null,
  event        text not null check (event in ('created', 'changed', 'revoked')),
  at           timestamptz(3) not null default clock_timestamp(),
  -- The role of the connection, and the program and user that it gave as its name.
  role         text not null default session_user,
  application  text not null default coalesce(current_setting('application_name', true), ''),
  name         text not null,
  branch_id    text,
  scopes       text[] not null,
  expires_at   timestamptz(3)
);

create function note_api_key() returns trigger language plpgsql security definer set search_path = public as $$
begin
  insert into api_key_events (key_id, event, name, branch_id, scopes, expires_at)
    values (new.key_id,
            case when tg_op = 'INSERT' then 'created'
                 when new.revoked_at is distinct from old.revoked_at and new.revoked_at is not null then 'revoked'
                 else 'changed' end,
            new.name, new.branch_id, new.scopes, new.expires_at);
  return null;
end $$;
create trigger api_keys_are_noted after insert on api_keys for each row execute function note_api_key();
create trigger api_key_changes_are_noted
  after update of key_id, secret_hash, name, branch_id, scopes, created_at, revoked_at, expires_at on api_keys
  for each row when (old is distinct from new) execute function note_api_key();

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is only added to', tg_table_name using errcode = 'integrity_constraint_violation';
end $$;
create trigger api_keys_stay before delete or truncate on api_keys for each statement execute function refuse_change();
create trigger api_key_events_stay before update or delete or truncate on api_key_events
  for each statement execute function refuse_change();

-- The same with the end of what expired, which nobody has to write.
create view api_key_history as
  select key_id, event, at, role, application, name, branch_id, scopes, expires_at from api_key_events
  union all
  select key_id, 'expired', expires_at, null, null, name, branch_id, scopes, expires_at
  from api_keys where expires_at <= now() and (revoked_at is null or revoked_at > expires_at);

-- Events that the broker will never take as they are, with its reason: the relay sets them aside so that they do not hold
-- up the rest. `npm run dead-letters` lists them and puts them back into the outbox.
create table dead_letters (
  id           bigint generated always as identity primary key,
  key          text not null,
  payload      text not null,
  reason       text not null,
  set_aside_at timestamptz not null default clock_timestamp()
);

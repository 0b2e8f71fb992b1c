-- Transactional outbox: events are committed with what they tell of, and deleted when the broker has them.
create table outbox (
  id         bigint generated always as identity primary key,
  key        text not null,
  payload    text not null,
  created_at timestamptz not null default clock_timestamp()
) with (
  -- A large receipt is not compressed: that would cost more than writing it.
  toast_tuple_target = 8160,
  -- Rows live for milliseconds: vacuum by a fixed number of dead rows, at full speed.
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 5000,
  autovacuum_vacuum_insert_scale_factor = 0,
  autovacuum_vacuum_insert_threshold = 50000,
  autovacuum_vacuum_cost_delay = 0
);

-- How often the reconciler has run. ClickHouse notes the number of each run as well: when it knows of a later run than this
-- database, this database was restored to an earlier moment, and nothing may be healed by it until a person says so.
create table reconciliation_runs (
  only_row boolean primary key default true check (only_row),
  run      bigint not null default 0
);
insert into reconciliation_runs default values;

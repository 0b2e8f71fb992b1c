-- How often the reconciler has run. ClickHouse notes the number of each run as well: when it knows of a later run than this
-- database, this database was restored to an earlier moment, and nothing may be healed by it until a person says so.
create table reconciliation_runs (
  only_row boolean primary key default true check (only_row),
  run      bigint not null default 0
);
insert into reconciliation_runs default values;

-- Above all revisions of customers that were ever given when Postgres was last restored to an earlier moment: a customer who comes
-- anew gets a higher one, so that ClickHouse, which may know an older life of the same customer, takes the new one.
alter table chain_settings add column revision_epoch bigint not null default 0;

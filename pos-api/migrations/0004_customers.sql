-- Totals of a customer, kept in the transaction of each purchase. The number is dense, for bitmaps of customers.
-- first_sold_before and loyal_before: what first_sold_at and loyal_since were before the change that made this revision.
-- A reader that keeps one row for each place of a milestone learns from them which place to clear.
create table customers (
  -- The zero UUID is what some tills write for a walk-in: no customer.
  customer_id       uuid primary key check (customer_id <> '00000000-0000-0000-0000-000000000000'),
  number            integer generated always as identity unique,
  revision          bigint not null default 0,
  purchases         integer not null default 0 check (purchases >= 0),
  spent_minor       bigint not null default 0,
  loyal_since       timestamptz(3),
  first_sold_at     timestamptz(3),
  last_sold_at      timestamptz(3),
  first_sold_before timestamptz(3),
  loyal_before      timestamptz(3)
) with (fillfactor = 80);

-- The same per branch: a branch has loyal customers of its own. Guarded by the lock on the customer.
create table customer_branches (
  customer_id       uuid not null,
  branch_id         text not null,
  revision          bigint not null default 0,
  purchases         integer not null default 0 check (purchases >= 0),
  spent_minor       bigint not null default 0,
  loyal_since       timestamptz(3),
  first_sold_at     timestamptz(3),
  last_sold_at      timestamptz(3),
  first_sold_before timestamptz(3),
  loyal_before      timestamptz(3),
  primary key (customer_id, branch_id)
) with (fillfactor = 80);

create trigger customers_stay before delete or truncate or update of customer_id on customers
  for each statement execute function refuse_to_forget();

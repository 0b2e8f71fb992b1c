-- Customers who are being forgotten: kept only until ClickHouse has forgotten them too, so that an interrupted run can go on.
-- Afterwards nothing says who the new id was.
create table forgetting (
  customer_id uuid primary key,
  new_id      uuid not null unique
);

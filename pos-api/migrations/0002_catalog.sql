-- Rows are never deleted: a purchase of years ago still names them. The revision orders their events.
create table branches (
  branch_id text primary key check (branch_id ~ '^[A-Za-z0-9_-]{1,64}$'),
  name      text not null check (name <> ''),
  country   text not null,
  revision  bigint not null default 1
);

create table products (
  product_id       text primary key check (product_id ~ '^[^\s[:cntrl:]]{1,128}$'),
  name             text not null check (name <> ''),
  unit_price_minor bigint not null check (unit_price_minor between 0 and 1000000000),
  active           boolean not null default true,
  revision         bigint not null default 1
);

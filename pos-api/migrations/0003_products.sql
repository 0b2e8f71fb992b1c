-- Rows are never deleted: a purchase of years ago still names them. The revision orders the events of a product.
--
-- A product holds its present price and that price's stretch [price_from, price_until), so that a sale within it, as almost
-- all are, is priced without looking at the history.
create table products (
  product_id       text primary key check (product_id ~ '^[^\s[:cntrl:]]{1,128}$'),
  name             text not null check (name <> ''),
  category         text not null default '',
  -- What a quantity of it counts: pieces are whole, kilograms have up to three decimals.
  unit             text not null default 'piece' check (unit in ('piece', 'kg')),
  -- What a scanner reads.
  sku              text check (sku <> ''),
  -- Whether a till may say what it costs.
  open_price       boolean not null default false,
  unit_price_minor bigint not null check (unit_price_minor between 0 and 1000000000),
  active           boolean not null default true,
  revision         bigint not null default 1,
  price_from       timestamptz(3) not null default '-infinity',
  price_until      timestamptz(3) not null default 'infinity',
  retired_at       timestamptz(3)
);
create unique index products_of_sku on products (sku) where active;

-- What a product cost from which moment on; the first price has always been valid, so every sale has one.
create table product_prices (
  product_id       text not null references products,
  valid_from       timestamptz(3) not null,
  unit_price_minor bigint not null check (unit_price_minor between 0 and 1000000000),
  primary key (product_id, valid_from)
);

-- What a product cost from which moment on; the first price has always been valid, so every sale has one.
create table product_prices (
  product_id       text not null references products,
  valid_from       timestamptz(3) not null,
  unit_price_minor bigint not null check (unit_price_minor between 0 and 1000000000),
  primary key (product_id, valid_from)
);

-- The product itself holds its present price and its stretch [price_from, price_until), so that a sale within it, as
-- almost all are, is priced without looking at the history.
alter table products
  add price_from  timestamptz(3) not null default '-infinity',
  add price_until timestamptz(3) not null default 'infinity',
  add retired_at  timestamptz(3);

insert into product_prices (product_id, valid_from, unit_price_minor)
  select product_id, '-infinity', unit_price_minor from products;

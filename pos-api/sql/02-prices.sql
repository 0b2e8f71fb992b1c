-- What a product cost at a moment. A product holds its present price and that price's stretch, so the history is read
-- only for a sale outside it: one from before the last change, or after a planned one. Null when there is no product.
create or replace function price_in_history(product text, moment timestamptz) returns bigint
language sql stable
return (
  select unit_price_minor from product_prices
  where product_id = product and valid_from <= moment order by valid_from desc limit 1);

create or replace function price_when(p products, moment timestamptz) returns bigint
language sql stable
return case
  when p.product_id is null or (moment >= p.price_from and moment < p.price_until) then p.unit_price_minor
  else price_in_history(p.product_id, moment) end;

-- What a line of a receipt is charged: the product's price, or what the till says where the product may have any price. Null
-- when the till may not say so, or there is no product. any_price: a receipt of history, whose own price is what was charged.
create or replace function price_charged(p products, said bigint, moment timestamptz, any_price boolean) returns bigint
language sql stable
return case when said is null then price_when(p, moment)
  when p.open_price or (any_price and p.product_id is not null) or said = price_when(p, moment) then said end;

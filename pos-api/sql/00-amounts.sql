-- What a purchase costs. All but the first are called by record_purchases only for receipts that have such a thing.

-- A line without its discount, rounded half up. quantity is 1 where it is null.
create or replace function gross_of(quantity numeric, unit_price bigint) returns bigint
language sql immutable parallel safe
return case when quantity is null then unit_price else round(quantity * unit_price)::bigint end;

-- The part of an amount that falls to `part` of `whole`, rounded half up. Parts that add up get their shares as differences of
-- the shares of the sums so far, so that the shares add up, too.
create or replace function share_of(amount bigint, part numeric, whole numeric) returns bigint
language sql immutable parallel safe
return case when whole = 0 then 0 else round(amount * part / whole)::bigint end;

-- Lines less their shares of the receipt's discount: each in proportion to its total. A discount above the sum of the totals gives
-- nonsense: the caller refuses it. quantities and discounts may be null, as a whole or in places.
create or replace function net_amounts(quantities numeric[], prices bigint[], discounts bigint[], discount bigint) returns bigint[]
language sql immutable
return (
  select array_agg(total - (share_of(discount, up_to_here, whole) - share_of(discount, up_to_here - total, whole)) order by line)
  from (
    select total, line, sum(total) over (order by line) as up_to_here, sum(total) over () as whole
    from (
      select line, gross_of(quantity, price) - coalesce(off, 0) as total
      from unnest(quantities, prices, discounts) with ordinality as given (quantity, price, off, line)) as priced) as lines);

-- The sum of tenders; null when they have none.
create or replace function amount_of(tenders jsonb) returns bigint
language sql immutable
return (select sum((value ->> 'amount_minor')::bigint)::bigint from jsonb_array_elements(tenders));

-- Whether a purchase keeps to the chain's limit: of each product so many units at most, of one sold by weight so many lines.
create or replace function within_limit(product_ids text[], quantities numeric[], most integer) returns boolean
language sql stable
return not exists (
  select from unnest(product_ids, quantities) as item (product_id, quantity) join products p on p.product_id = item.product_id
  group by item.product_id having sum(case p.unit when 'kg' then 1 else coalesce(item.quantity, 1) end) > most);

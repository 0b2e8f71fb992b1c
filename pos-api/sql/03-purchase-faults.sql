-- Everything that is wrong with the content of a purchase, each with a JSON pointer: the long form of the check
-- in record_purchases, computed only for what it refused.
create or replace function purchase_faults(given jsonb, moment timestamptz) returns json
language sql stable
begin atomic
  with sale (sold_at, most) as (
    select coalesce((given ->> 'sold_at')::timestamptz, moment), max_quantity from chain_settings
  ), item as (
    select listed.line - 1 as line, listed.product_id, coalesce(quantity, 1) as quantity, coalesce(discount, 0) as discount,
      p as product, said, price_charged(p, said, sale.sold_at, any_price) as price, price_when(p, sale.sold_at) as usual,
      p.product_id is not null as known, coalesce(p.active or p.retired_at > sale.sold_at, false) as sold,
      coalesce(quantity, 1) > 0 and (p.unit = 'kg' or coalesce(quantity, 1) = trunc(coalesce(quantity, 1))) as countable,
      -- For the chain's limit.
      count(*) over (partition by listed.product_id order by listed.line) as nth,
      sum(case p.unit when 'kg' then 1 else coalesce(quantity, 1) end) over (partition by listed.product_id order by listed.line) as so_far
    from sale cross join jsonb_to_record(given) as listing (
        items text[], quantities numeric[], unit_prices_minor bigint[], discounts_minor bigint[], any_price boolean)
      cross join unnest(listing.items, listing.quantities, listing.unit_prices_minor, listing.discounts_minor) with ordinality
        as listed (product_id, quantity, said, discount, line)
      left join products p on p.product_id = listed.product_id
  ), amount as (
    select *, round(quantity * coalesce(price, usual))::bigint as gross,
      coalesce(sold and countable and price is not null, false) as is_sound from item
  ), basket as (
    select sum(gross - discount) as lines, sum(gross - discount) - coalesce((given ->> 'discount_minor')::bigint, 0) as total,
      bool_and(is_sound and gross >= discount) as is_sound from amount
  ), fault (place, pointer, detail) as (
    select 0, '#/branch_id', format('unknown branch: %s', given ->> 'branch_id')
      where given ->> 'branch_id' is not null
        and not exists (select from branches b where b.branch_id = given ->> 'branch_id')
    union all
    select 1, '#/items', 'there are no items' where jsonb_typeof(given -> 'items') = 'array' and given -> 'items' = '[]'
    union all
    select 2 + line, format('#/items/%s/product_id', line), case
        when not known then format('unknown product: %s', product_id)
        when not sold then format('%s is no longer sold', product_id)
        when most = 1 then format('%s is listed more than once', product_id)
        else format('%s is listed more than %s times (MAX_QUANTITY_PER_PRODUCT)', product_id, most) end
      from item cross join sale where not sold or (most > 0 and nth > most)
    union all
    select 2 + line, format('#/items/%s/quantity', line), case
        when not countable then format('%s is sold by piece: the quantity must be a whole number', product_id)
        when most = 1 then 'must be 1: each product stands once in a purchase'
        else format('a purchase holds at most %s of each product (MAX_QUANTITY_PER_PRODUCT)', most) end
      from item cross join sale
      where known and (not countable
        or (most > 0 and so_far > most and (nth <= most or quantity > most) and (product).unit = 'piece'))
    union all
    select 2 + line, format('#/items/%s/unit_price_minor', line), format('%s has a fixed price: %s', product_id, usual)
      from item where sold and price is null
    union all
    select 2 + line, format('#/items/%s/discount_minor', line), format('the discount is more than the line costs, which is %s', gross)
      from amount where is_sound and discount > gross
    union all
    select 1000, '#/sold_at', 'sold_at is more than 5 minutes ahead'
      where (given ->> 'sold_at')::timestamptz > moment + interval '5 minutes'
    union all
    select 1000, '#/sold_at', format('sold_at is before %s, when the chain began (CHAIN_SINCE)', trim('"' from json_time(shop.chain_since)))
      from chain_settings shop where (given ->> 'sold_at')::timestamptz < shop.chain_since
    union all
    select 1001, '#/discount_minor', format('the discount is more than the lines cost, which is %s', lines)
      from basket where is_sound and total < 0
    union all
    select 1002, '#/tenders', format('the tenders add up to %s, not to %s', coalesce(amount_of(given -> 'tenders'), 0), total)
      from basket
      where is_sound and total >= 0 and jsonb_typeof(given -> 'tenders') = 'array'
        and amount_of(given -> 'tenders') is distinct from total
    union all
    select 1003, '#/total_minor', format('the prices add up to %s, not to %s', total, given ->> 'expected_total_minor')
      from basket where is_sound and total <> (given ->> 'expected_total_minor')::bigint
  )
  select coalesce(json_agg(json_build_object('pointer', pointer, 'detail', detail) order by place), '[]') from fault;
end;

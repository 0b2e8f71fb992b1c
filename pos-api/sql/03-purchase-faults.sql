-- Everything that is wrong with the content of a purchase, each with a JSON pointer: the long form of the check
-- in record_purchases, computed only for what it refused.
create or replace function purchase_faults(given jsonb, moment timestamptz) returns json
language sql stable
begin atomic
  with sale (sold_at) as (
    select coalesce((given ->> 'sold_at')::timestamptz, moment)
  ), item as (
    select line - 1 as line, product_id, count(*) over (partition by product_id order by line) as nth
    from jsonb_array_elements_text(case jsonb_typeof(given -> 'items') when 'array' then given -> 'items' else '[]' end)
      with ordinality as listed (product_id, line)
  ), fault (place, pointer, detail) as (
    select 0, '#/branch_id', format('unknown branch: %s', given ->> 'branch_id')
      where given ->> 'branch_id' is not null
        and not exists (select from branches b where b.branch_id = given ->> 'branch_id')
    union all
    select 1, '#/items', 'there are no items' where jsonb_typeof(given -> 'items') = 'array' and given -> 'items' = '[]'
    union all
    select 2 + line, format('#/items/%s/product_id', line), case
        when p.product_id is null then format('unknown product: %s', item.product_id)
        when not p.active and coalesce(p.retired_at <= sale.sold_at, true) then format('%s is no longer sold', item.product_id)
        else format('%s is listed more than once', item.product_id) end
      from sale cross join item left join products p on p.product_id = item.product_id
      where (p.active or p.retired_at > sale.sold_at) is not true or item.nth > 1
    union all
    select 1000, '#/sold_at', 'sold_at is more than 5 minutes ahead'
      where (given ->> 'sold_at')::timestamptz > moment + interval '5 minutes'
    union all
    select 1000, '#/sold_at', format('sold_at is before %s, when the chain began (CHAIN_SINCE)', trim('"' from json_time(shop.chain_since)))
      from chain_settings shop where (given ->> 'sold_at')::timestamptz < shop.chain_since
    union all
    select 1001, '#/total_minor', format('the prices add up to %s, not to %s', total, given ->> 'expected_total_minor')
      from (select sum(price_when(p, sale.sold_at)) as total,
              bool_and((p.active or p.retired_at > sale.sold_at) is true) as known
            from sale cross join item left join products p on p.product_id = item.product_id) as priced
      where known and total <> (given ->> 'expected_total_minor')::bigint
  )
  select coalesce(json_agg(json_build_object('pointer', pointer, 'detail', detail) order by place), '[]') from fault;
end;

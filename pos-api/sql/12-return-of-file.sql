-- Records a return that a file tells of: which purchase it is of has to be found. Nothing of it is recorded, or all of it.
--
-- given: as return_purchase takes it, and original (the number of the receipt that it is of), receipt_number (its own), customer_id,
--        expected_total_minor (what the file says was given back)
-- outcome: recorded | replayed (total_minor: what was given back), refused (faults), conflict (same key, other content)
--
-- Of each product: the purchase with the number `original`, in the branch or in the only other one that has it. Without an original: the
-- purchase of the branch with the same number that holds the product, else the customer's purchases of the branch before it, the latest
-- first, as many as it takes. So it may come to several returns, each of one purchase; their keys are the given one with /1, /2, ….
create or replace function return_of_file(given jsonb) returns table (outcome text, total_minor bigint, faults json)
language plpgsql as $$
#variable_conflict use_column
declare
  branch   text := given ->> 'branch_id';
  key      text := given ->> 'idempotency_key';
  original text := given ->> 'original';
  known    returns;
  nth      integer := 1;
  part     record;
  answer   record;
  parts    jsonb;
  wrong    json;
  back     bigint := 0;
begin
  loop
    select * into known from returns r where r.idempotency_key = concat(key, '/', nth) and r.credential = given ->> 'credential';
    exit when not found;
    back := back + known.total_minor;
    outcome := case when outcome = 'conflict' or known.fingerprint <> decode(given ->> 'fingerprint', 'hex') then 'conflict' else 'replayed' end;
    nth := nth + 1;
  end loop;
  if outcome is not null then
    return query select outcome, back, null::json;
    return;
  end if;
  if original is not null and not exists (select from purchases p where p.receipt_number = original and p.branch_id = branch) then
    branch := (select case when count(distinct p.branch_id) = 1 then min(p.branch_id) end from purchases p where p.receipt_number = original);
  end if;

  with asked as (
    select listed.* from jsonb_to_record(given) as lists (items text[], quantities numeric[])
    cross join unnest(lists.items, lists.quantities) with ordinality as listed (product_id, quantity, line)
  ), candidate as (
    select 1 as rank, p.purchase_id, p.sold_at, p.idempotency_key from purchases p
      where p.receipt_number = coalesce(original, given ->> 'receipt_number') and p.branch_id = branch and p.voided_at is null
    union all
    select 2, p.purchase_id, p.sold_at, p.idempotency_key from purchases p
      where original is null and p.customer_id = (given ->> 'customer_id')::uuid and p.branch_id = branch and p.voided_at is null
        and p.sold_at <= (given ->> 'returned_at')::timestamptz
  ), available as (
    select asked.*, purchase_id, sold_at, idempotency_key, rank, min(rank) over (partition by line) as best,
      bought.quantity - coalesce((
        select sum(item.quantity) from returns r join return_items item on item.return_id = r.return_id
        where r.purchase_id = candidate.purchase_id and item.product_id = asked.product_id), 0) as available
    from asked cross join candidate
    cross join lateral (
      select sum(item.quantity) as quantity from purchase_items item
      where item.purchase_id = candidate.purchase_id and item.product_id = asked.product_id) as bought
    where bought.quantity is not null
  ), taken as (
    select line, product_id, purchase_id, least(available, quantity - before) as quantity from (
      select *, coalesce(sum(available) over (
        partition by line order by sold_at desc, idempotency_key, purchase_id rows between unbounded preceding and 1 preceding), 0) as before
      from available where rank = best and available > 0
    ) as latest_first where before < quantity
  ), fault (line, pointer, detail) as (
    select line, format('#/items/%s/quantity', line - 1), case
        when original is not null and branch is null then format('no receipt, or more than one, has the number %s', original)
        when original is not null and not exists (select from available a where a.line = asked.line)
          then format('%s is not on receipt %s', product_id, original)
        when exists (select from available a where a.line = asked.line)
          then format('%s of %s can still be returned', trim_scale(coalesce(sum(taken.quantity), 0)), product_id)
        when given ->> 'customer_id' is null then format('no receipt and no customer says which purchase of %s it is of', product_id)
        else format('the customer has bought no %s in this branch before', product_id) end
      from asked left join taken using (line, product_id)
      group by line, product_id, asked.quantity having coalesce(sum(taken.quantity), 0) < asked.quantity
  )
  select
    (select json_agg(json_build_object('pointer', pointer, 'detail', detail) order by line) from fault),
    (select jsonb_agg(jsonb_build_object('purchase_id', purchase_id, 'items', items, 'quantities', quantities) order by purchase_id) from (
      select purchase_id, jsonb_agg(product_id order by line) as items, jsonb_agg(quantity order by line) as quantities
      from taken group by purchase_id) as by_purchase)
  into wrong, parts;
  if wrong is not null then
    return query select 'refused', null::bigint, wrong;
    return;
  end if;

  -- All of them before any customer, as others do who lock but one.
  perform from purchases p join jsonb_array_elements(parts) as found on p.purchase_id = (found ->> 'purchase_id')::uuid
    order by p.purchase_id for no key update of p;
  begin
    for part in select found, place from jsonb_array_elements(parts) with ordinality as listed (found, place) loop
      select * into answer from return_purchase((part.found ->> 'purchase_id')::uuid,
        given || part.found || jsonb_build_object('idempotency_key', concat(key, '/', part.place)));
      if answer.outcome <> 'recorded' then
        wrong := coalesce(answer.faults, json_build_array(json_build_object('pointer', '#/items', 'detail', 'it was voided meanwhile')));
        raise exception using errcode = 'TS001';
      end if;
      back := back + (select r.total_minor from returns r where r.return_id = answer.return_id);
    end loop;
    -- Prices of single pieces are rounded, and so are shares of discounts.
    if abs(back - (given ->> 'expected_total_minor')::bigint)
        > (select sum(ceil(quantity::numeric)) from jsonb_array_elements_text(given -> 'quantities') as quantity) then
      wrong := json_build_array(json_build_object('pointer', '#/total_minor', 'detail',
        format('%s was paid for it, not %s', back, given ->> 'expected_total_minor')));
      raise exception using errcode = 'TS001';
    end if;
  exception when sqlstate 'TS001' then
    return query select 'refused', null::bigint, wrong;
    return;
  end;
  return query select 'recorded', back, null::json;
end $$;

-- Takes back part or all of a purchase, later, perhaps in another branch.
--
-- given: {idempotency_key, credential (null: the branch), fingerprint (hex), branch_id (null: that of the purchase), items: [product_id],
--         quantities: [as many], cashier, reason, request_id, who (null: whoever calls this by hand),
--         returned_at (null: now; only files know another)}
--        without a key it is only checked: the outcome is refused, with the faults that there are
-- outcome: recorded | replayed (body: the return), refused (faults), conflict (same key, other content), voided (nothing to return);
--          no row: there is no such purchase
--
-- What comes back for a product is a share of what its lines cost (net_minor), in proportion to the quantity, rounded over all that was
-- returned so far: whoever returns everything, in however many steps, gets back exactly what was paid.
--
-- Locks the purchase, then its customer, as void_purchase does. Raises serialization_failure when another return took the key
-- meanwhile: call again.

drop type if exists returned_line;
create type returned_line as (line smallint, product_id text, quantity numeric, total_minor bigint);

create or replace function return_purchase(purchase uuid, given jsonb)
returns table (outcome text, return_id uuid, body text, faults json)
language plpgsql as $$
#variable_conflict use_column
declare
  p       purchases;
  r       returns;
  c       customers;
  b       customer_branches;
  lines   returned_line[];
  wrong   json;
  came    timestamptz(3) := (given ->> 'returned_at')::timestamptz;
  content bytea := decode(given ->> 'fingerprint', 'hex');
begin
  select * into p from purchases where purchase_id = purchase for no key update;
  if not found then return; end if;

  r.branch_id := coalesce(given ->> 'branch_id', p.branch_id);
  r.credential := coalesce(given ->> 'credential', concat('branch:', r.branch_id));
  if exists (select from returns known where known.idempotency_key = given ->> 'idempotency_key' and known.credential = r.credential) then
    return query
      select case when known.fingerprint = content then 'replayed' else 'conflict' end, known.return_id,
        case when known.fingerprint = content then return_answer(known) end, null::json
      from returns known where known.idempotency_key = given ->> 'idempotency_key' and known.credential = r.credential;
    return;
  end if;
  if p.voided_at is not null then
    return query select 'voided', null::uuid, null::text, null::json;
    return;
  end if;

  with asked as (
    select listed.line, listed.product_id, listed.quantity, bought.quantity as bought, bought.net,
      coalesce(returned.quantity, 0) as before, count(*) over (partition by listed.product_id order by listed.line) as nth,
      listed.quantity = trunc(listed.quantity) or bought.weighed as countable
    from jsonb_to_record(given) as lists (items text[], quantities numeric[])
    cross join unnest(lists.items, lists.quantities) with ordinality as listed (product_id, quantity, line)
    left join (
      select product_id, sum(quantity) as quantity, sum(net_minor)::bigint as net, bool_or(weighed) as weighed
      from purchase_items where purchase_id = purchase group by product_id
    ) as bought on bought.product_id = listed.product_id
    left join (
      select item.product_id, sum(item.quantity) as quantity
      from returns earlier join return_items item on item.return_id = earlier.return_id
      where earlier.purchase_id = purchase group by item.product_id
    ) as returned on returned.product_id = listed.product_id
  ), fault (place, pointer, detail) as (
    select 0, '#/branch_id', format('unknown branch: %s', r.branch_id)
      where not exists (select from branches where branch_id = r.branch_id)
    union all
    select line, format('#/items/%s/product_id', line - 1), case when bought is null
        then format('%s is not in this purchase', product_id) else format('%s is listed more than once', product_id) end
      from asked where bought is null or nth > 1
    union all
    select line, format('#/items/%s/quantity', line - 1), case when countable
        then format('%s of %s can still be returned', trim_scale(bought - before), product_id)
        else format('%s is sold by piece: the quantity must be a whole number', product_id) end
      from asked where nth = 1 and (before + quantity > bought or not countable)
    union all
    select 1000, '#/returned_at', format('it was bought later, at %s', trim('"' from json_time(p.sold_at))) where came < p.sold_at
    union all
    select 1000, '#/returned_at', 'returned_at is more than 5 minutes ahead' where came > now_ms() + interval '5 minutes'
  )
  select
    (select json_agg(json_build_object('pointer', pointer, 'detail', detail) order by place) from fault),
    (select array_agg(row(line, product_id, quantity,
      share_of(net, before + quantity, bought) - share_of(net, before, bought))::returned_line order by line) from asked)
  into wrong, lines;
  if wrong is not null or given ->> 'idempotency_key' is null then
    return query select 'refused', null::uuid, null::text, coalesce(wrong, '[]');
    return;
  end if;

  insert into returns (return_id, purchase_id, idempotency_key, credential, fingerprint, branch_id, returned_at, recorded_at,
      total_minor, cashier, reason, request_id, returned_by)
    select uuidv7(), purchase, given ->> 'idempotency_key', r.credential, content, r.branch_id, coalesce(came, moment), moment,
      (select sum(total_minor) from unnest(lines)), given ->> 'cashier', given ->> 'reason', given ->> 'request_id',
      coalesce(given ->> 'who', concat('postgres:', session_user))
    -- Later than the last one, so that their order is clear.
    from greatest(now_ms(), p.returned_at + interval '1 millisecond') as moment
    on conflict (idempotency_key, credential) do nothing
    returning * into r;
  if not found then
    raise serialization_failure using message = 'another return took this key meanwhile';
  end if;
  insert into return_items (return_id, line, product_id, quantity, total_minor)
    select r.return_id, line, product_id, quantity, total_minor from unnest(lines);
  update purchases set version = version + 1, returned_at = r.recorded_at where purchase_id = purchase returning * into p;

  -- It was a purchase all the same: only what the customer has spent changes. The money was spent in the branch of the purchase.
  update customers set revision = revision + 1, first_sold_before = first_sold_at, loyal_before = loyal_since,
      spent_minor = spent_minor - r.total_minor
    where customer_id = p.customer_id returning * into c;
  update customer_branches set revision = revision + 1, first_sold_before = first_sold_at, loyal_before = loyal_since,
      spent_minor = spent_minor - r.total_minor
    where customer_id = p.customer_id and branch_id = p.branch_id returning * into b;
  insert into outbox (key, payload) values (p.purchase_id, stored_purchase_event(p, c, b));
  perform pg_notify('outbox', '');
  return query select 'recorded', r.return_id, return_answer(r), null::json;
end $$;

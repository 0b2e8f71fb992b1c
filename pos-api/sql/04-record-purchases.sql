-- The one definition of what a purchase is, called by the API and the loader alike, for many purchases in one
-- transaction and one round trip. Answers each element by itself: one bad element does not fail its neighbours.
--
-- batch: [{idempotency_key, credential, fingerprint (hex), branch_id, customer_id, sold_at,
--          items: [product_id], and each in the order of items, absent where no item has one:
--          quantities (1), unit_prices_minor (what the product cost then), discounts_minor (0),
--          discount_minor, cashier, receipt_number, channel, tenders, expected_total_minor, request_id, traceparent,
--          any_price (true: unit_prices_minor are what was charged, whatever the catalog says; only the loader's history)}]
--        an element without a key is only checked
--
-- What a purchase costs is computed here and nowhere else. A line: its quantity × its price, rounded half up, less its discount.
-- The receipt's discount is shared out to the lines, see net_amounts; what is left of each is its net amount, and their sum is
-- the total. Lists beside the items, and not one list of objects: the plain receipt has none of them and pays for none.
--
-- outcome: recorded | replayed (body: the purchase), refused (faults), conflict (same key, other content)
-- with_bodies: false for who does not read them, such as the loader
-- with_notify: false for who wakes the relays itself, after the commit. A NOTIFY within this transaction makes it commit
--   alone: Postgres lets one such transaction at a time through, sync of the WAL included (decision 25)
--
-- Locks are taken in one order (customers by id, then keys), so that batches wait for each other but do not
-- deadlock. Raises serialization_failure when another transaction recorded one of the keys meanwhile: call again.

drop type if exists priced_purchase;
create type priced_purchase as (
  ordinal integer, purchase_id uuid, idempotency_key text, credential text, fingerprint bytea, branch_id text, customer_id uuid,
  sold_at timestamptz(3), product_ids text[], quantities numeric[], weighed bigint[], unit_prices bigint[], discounts bigint[],
  nets bigint[], items text, gross_minor bigint, discount_minor bigint, total_minor bigint, ok boolean,
  cashier text, receipt_number text, channel text, tenders jsonb, request_id text, traceparent text);

create or replace function record_purchases(batch jsonb, with_bodies boolean default true, with_notify boolean default true)
returns table (ordinal integer, outcome text, purchase_id uuid, body text, faults json)
language plpgsql
-- Left to itself Postgres plans these statements anew for each batch, which costs four times what recording one purchase
-- does. A plan made once must not come from tables that were empty then: it goes by the indexes.
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  shop    chain_settings;
  moment  timestamptz(3) := now_ms();
  priced  priced_purchase[];
  fresh   priced_purchase[];
  written integer;
begin
  perform pg_advisory_xact_lock_shared(4120002);  -- see apply_settings
  select * into strict shop from chain_settings;

  -- Parse, and price each item with what it cost when it was sold, or with what the till says where that is allowed. An item
  -- that cannot be sold so has no total.
  select array_agg(row(
      given.ordinal, uuidv7(), given.idempotency_key, given.credential, decode(given.fingerprint, 'hex'), given.branch_id,
      nullif(given.customer_id, '00000000-0000-0000-0000-000000000000'), coalesce(given.sold_at, moment),
      given.items, given.quantities, lines.weighed, lines.prices, given.discounts_minor, net.amounts,
      case when given.discount_minor is null then lines.items
        else items_json(given.items, given.quantities, lines.weighed, lines.prices, given.discounts_minor, net.amounts) end,
      lines.gross, coalesce(given.discount_minor, 0), net.total,
      coalesce(branches.branch_id is not null
        and lines.sound = cardinality(given.items)
        and (shop.max_quantity = 0 or (given.quantities is null and lines.different = cardinality(given.items))
          or within_limit(given.items, given.quantities, shop.max_quantity))
        and coalesce(given.sold_at, moment) between shop.chain_since and moment + interval '5 minutes'
        and net.total >= 0
        and (given.tenders is null or amount_of(given.tenders) = net.total)
        and coalesce(given.expected_total_minor, net.total) = net.total
        and given.idempotency_key is not null, false),
      given.cashier, given.receipt_number, coalesce(given.channel, 'pos'), given.tenders, given.request_id, given.traceparent
    )::priced_purchase order by given.ordinal)
  into priced
  from rows from (jsonb_to_recordset(batch) as (
      idempotency_key text, credential text, fingerprint text, branch_id text, customer_id uuid, sold_at timestamptz(3),
      items text[], quantities numeric[], unit_prices_minor bigint[], discounts_minor bigint[], discount_minor bigint,
      cashier text, receipt_number text, channel text, tenders jsonb, expected_total_minor bigint,
      request_id text, traceparent text, any_price boolean)) with ordinality
    as given (idempotency_key, credential, fingerprint, branch_id, customer_id, sold_at, items, quantities, unit_prices_minor,
      discounts_minor, discount_minor, cashier, receipt_number, channel, tenders, expected_total_minor,
      request_id, traceparent, any_price, ordinal)
  left join branches on branches.branch_id = given.branch_id
  cross join lateral (
    select count(*) filter (where item.total >= 0) as sound, count(distinct item.product_id) as different,
      array_agg(item.price order by item.line) as prices,
      -- Few receipts have one.
      array_agg(item.line) filter (where item.unit = 'kg') as weighed,
      sum(item.gross)::bigint as gross, sum(item.total)::bigint as total,
      concat('[', string_agg(case when item.quantity is null and item.discount = 0 and item.unit = 'piece' then plain_item_json(item.product_id, item.price)
        else item_json(item.product_id, item.quantity, item.unit = 'kg', item.price, item.discount, item.total, null) end,
        ',' order by item.line), ']') as items
    from (
      select *, gross - discount as total from (
        select *, case when quantity is null or (quantity > 0 and (unit = 'kg' or quantity = trunc(quantity)))
          then gross_of(quantity, price) end as gross
        from (
          -- The other lists by their place: unnesting each of them costs every receipt, and most have none.
          select listed.product_id, listed.line, given.quantities[listed.line::integer] as quantity,
            coalesce(given.discounts_minor[listed.line::integer], 0) as discount, product.unit,
            price_charged(product, given.unit_prices_minor[listed.line::integer], coalesce(given.sold_at, moment),
              given.any_price) as price
          from unnest(given.items) with ordinality as listed (product_id, line)
          left join products product on product.product_id = listed.product_id
            and (product.active or product.retired_at > coalesce(given.sold_at, moment))
          offset 0  -- keeps the price from being computed at each mention
        ) as priced
        offset 0
      ) as charged
    ) as item
  ) as lines
  cross join lateral (
    select case when given.discount_minor is not null
        then net_amounts(given.quantities, lines.prices, given.discounts_minor, given.discount_minor) end as amounts,
      lines.total - coalesce(given.discount_minor, 0) as total
    offset 0
  ) as net;

  -- Customers: make those who are missing and buy something now (a key that is known buys nothing), then lock all, so that
  -- their counts stand still until the commit.
  insert into customers (customer_id)
    select distinct first_of_key.customer_id from (
      select distinct on (p.idempotency_key, p.credential) p.customer_id, p.idempotency_key, p.credential
      from unnest(priced) as p where p.ok order by p.idempotency_key, p.credential, p.ordinal) as first_of_key
    where customer_id is not null
      and not exists (select from customers c where c.customer_id = first_of_key.customer_id)
      and not exists (
        select from purchases known
        where known.idempotency_key = first_of_key.idempotency_key and known.credential = first_of_key.credential)
    order by first_of_key.customer_id
    on conflict do nothing;
  perform from customers c
    where c.customer_id = any (select p.customer_id from unnest(priced) as p where p.ok)
    order by c.customer_id for no key update;

  -- Fresh is what no purchase of the same credential has the key of, each key once.
  select array_agg(f) into fresh from (
    select distinct on (p.idempotency_key, p.credential) p as f from unnest(priced) as p
    where p.ok and not exists (
      select from purchases known where known.idempotency_key = p.idempotency_key and known.credential = p.credential)
    order by p.idempotency_key, p.credential, p.ordinal) as first_of_key;

  if fresh is not null then
    with numbered as (
      select p.*, c.purchases + row_number() over (partition by p.customer_id order by p.ordinal) as nth
      from unnest(fresh) as p left join customers c on c.customer_id = p.customer_id
    )
    insert into purchases (purchase_id, idempotency_key, credential, fingerprint, branch_id, customer_id, sold_at, recorded_at,
        gross_minor, discount_minor, total_minor, currency, cashier, receipt_number, channel, tenders,
        customer_purchases, customer_loyal, request_id)
      select purchase_id, idempotency_key, credential, fingerprint, branch_id, customer_id, sold_at, moment,
        gross_minor, discount_minor, total_minor, shop.currency, cashier, receipt_number, channel, tenders,
        nth, nth >= shop.loyal_threshold, request_id
      from numbered order by idempotency_key, credential
      on conflict (idempotency_key, credential) do nothing;
    get diagnostics written = row_count;
    if written < cardinality(fresh) then
      raise serialization_failure using message = 'a key of this batch was recorded meanwhile';
    end if;

    insert into purchase_items (
        purchase_id, line, weighed, product_id, quantity, unit_price_minor, discount_minor, total_minor, net_minor)
      select purchase_id, line, coalesce(line = any (p.weighed), false), product_id, coalesce(quantity::numeric(12, 3), 1::numeric(12, 3)), price, discount,
        gross - discount, coalesce(net, gross - discount)
      from unnest(fresh) as p
      cross join lateral (
        select *, gross_of(quantity, price) as gross from (
          select product_id, line, p.quantities[line::integer] as quantity, p.unit_prices[line::integer] as price,
            coalesce(p.discounts[line::integer], 0) as discount, p.nets[line::integer] as net
          from unnest(p.product_ids) with ordinality as listed (product_id, line)
          offset 0
        ) as listed
      ) as item;

    with bought as (
      select customer_id, count(*) as n, sum(total_minor) as spent, min(sold_at) as first, max(sold_at) as last
      from unnest(fresh) where customer_id is not null group by customer_id
    )
    update customers c set
      revision = greatest(c.revision, shop.revision_epoch) + 1,
      first_sold_before = c.first_sold_at,
      loyal_before = c.loyal_since,
      purchases = c.purchases + n,
      spent_minor = c.spent_minor + spent,
      first_sold_at = least(c.first_sold_at, first),
      last_sold_at = greatest(c.last_sold_at, last),
      loyal_since = case
        when c.purchases + n < shop.loyal_threshold then null
        when c.loyal_since <= first then c.loyal_since
        else loyal_since(c.customer_id, null, shop.loyal_threshold) end
    from bought where c.customer_id = bought.customer_id;

    with bought as (
      select customer_id, branch_id, count(*) as n, sum(total_minor) as spent, min(sold_at) as first, max(sold_at) as last
      from unnest(fresh) where customer_id is not null group by customer_id, branch_id
    )
    insert into customer_branches as b (customer_id, branch_id, revision, purchases, spent_minor, first_sold_at, last_sold_at, loyal_since)
      select customer_id, branch_id, shop.revision_epoch + 1, n, spent, first, last,
        case when n >= shop.loyal_threshold then loyal_since(customer_id, branch_id, shop.loyal_threshold) end
      from bought
      on conflict (customer_id, branch_id) do update set
        revision = greatest(b.revision, shop.revision_epoch) + 1,
        first_sold_before = b.first_sold_at,
        loyal_before = b.loyal_since,
        purchases = b.purchases + excluded.purchases,
        spent_minor = b.spent_minor + excluded.spent_minor,
        first_sold_at = least(b.first_sold_at, excluded.first_sold_at),
        last_sold_at = greatest(b.last_sold_at, excluded.last_sold_at),
        loyal_since = case
          when b.purchases + excluded.purchases < shop.loyal_threshold then null
          when b.loyal_since <= excluded.first_sold_at then b.loyal_since
          else loyal_since(b.customer_id, b.branch_id, shop.loyal_threshold) end;

    insert into outbox (key, payload)
      select purchase_id, traced(event, traceparent) from (
        select p.purchase_id, purchase_event(p, f.items, null, c, b) as event, f.traceparent
        from unnest(fresh) as f
        join purchases p on p.purchase_id = f.purchase_id
        left join customers c on c.customer_id = f.customer_id
        left join customer_branches b on b.customer_id = f.customer_id and b.branch_id = f.branch_id
        offset 0  -- keeps traced from being called: it is inlined where its arguments are cheap
      ) as written;
    if with_notify then perform pg_notify('outbox', ''); end if;
  end if;

  -- What has the key answers for itself, whatever the catalog says today: a retry is no new purchase.
  return query
    select asked.ordinal,
      case
        when stored.fingerprint <> asked.fingerprint then 'conflict'
        when stored.purchase_id = asked.purchase_id then 'recorded'
        when stored.purchase_id is not null then 'replayed'
        else 'refused' end,
      stored.purchase_id,
      case when with_bodies and stored.fingerprint = asked.fingerprint
        then purchase_json(stored, case when stored.purchase_id = asked.purchase_id
          then asked.items else stored_items_json(stored.purchase_id) end) end,
      case when stored.purchase_id is null then purchase_faults(batch -> asked.ordinal - 1, moment) end
    from unnest(priced) as asked
    left join purchases stored on stored.idempotency_key = asked.idempotency_key and stored.credential = asked.credential;
end $$;

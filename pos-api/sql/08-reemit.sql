-- Sends the present state of purchases and customers again: what ClickHouse lost, or holds otherwise.
--
-- A row that stands wrong in ClickHouse under version n gives way only to a higher one. So whoever sends again says
-- above which version; where the stored one is higher already, it is sent as it is and nothing is written but the event.

-- ids and above go in pairs: the version that ClickHouse holds of each, 0 for one that it lacks. Answers how many events
-- it wrote. Locks purchases alone, in one order, so it deadlocks neither with itself nor with a void or a sale.
create or replace function reemit_purchases(ids uuid[], above integer[]) returns integer
language plpgsql as $$
declare
  sent integer;
begin
  perform from purchases p join unnest(ids, above) as asked (id, above) on asked.id = p.purchase_id
    where p.version <= asked.above order by p.purchase_id for no key update of p;
  update purchases p set version = asked.above + 1
    from unnest(ids, above) as asked (id, above)
    where p.purchase_id = asked.id and p.version <= asked.above;

  insert into outbox (key, payload)
    select p.purchase_id, stored_purchase_event(p, c, b)
    from purchases p
    left join customers c on c.customer_id = p.customer_id
    left join customer_branches b on b.customer_id = p.customer_id and b.branch_id = p.branch_id
    where p.purchase_id = any (ids);
  get diagnostics sent = row_count;
  if sent > 0 then perform pg_notify('outbox', ''); end if;
  return sent;
end $$;

-- Customers (branch null: over the chain; else in that branch) with the revision that ClickHouse holds of each. A snapshot
-- travels with a purchase of the customer whose own state has not changed. One without any purchase left there is answered,
-- for the caller to send: customer is the snapshot as events carry it, null when Postgres knows no such customer.
create or replace function reemit_customers(ids uuid[], branches text[], above bigint[])
returns table (customer_id uuid, branch_id text, customer text)
language plpgsql as $$
#variable_conflict use_column
begin
  perform from customers c where c.customer_id = any (ids) order by c.customer_id for no key update;
  update customers c set revision = asked.above + 1, first_sold_before = c.first_sold_at, loyal_before = c.loyal_since
    from unnest(ids, branches, above) as asked (id, branch, above)
    where asked.branch is null and c.customer_id = asked.id and c.revision <= asked.above;
  update customer_branches b set revision = asked.above + 1, first_sold_before = b.first_sold_at, loyal_before = b.loyal_since
    from unnest(ids, branches, above) as asked (id, branch, above)
    where b.customer_id = asked.id and b.branch_id = asked.branch and b.revision <= asked.above;

  insert into outbox (key, payload)
    select p.purchase_id, stored_purchase_event(p, c, b)
    from unnest(ids, branches) as asked (id, branch)
    join customers c on c.customer_id = asked.id
    join lateral (
      select * from purchases p
      where p.customer_id = asked.id and p.voided_at is null and (asked.branch is null or p.branch_id = asked.branch)
      order by p.sold_at limit 1
    ) as p on true
    join customer_branches b on b.customer_id = p.customer_id and b.branch_id = p.branch_id;
  if found then perform pg_notify('outbox', ''); end if;

  return query
    select asked.id, asked.branch, case when c.customer_id is not null then customer_json(c,
      case when b.customer_id is not null then b
        else row(asked.id, asked.branch, asked.above + 1, 0, 0, null, null, null, null, null)::customer_branches end) end
    from unnest(ids, branches, above) as asked (id, branch, above)
    left join customers c on c.customer_id = asked.id
    left join customer_branches b on b.customer_id = asked.id and b.branch_id = asked.branch
    where not exists (
      select from purchases p
      where p.customer_id = asked.id and p.voided_at is null and (asked.branch is null or p.branch_id = asked.branch));
end $$;

-- Products, or branches, with the revision that ClickHouse holds of each: sent as they are now, above it.
create or replace function reemit_products(ids text[], above bigint[]) returns void
language plpgsql as $$
begin
  perform from products where product_id = any (ids) order by product_id for no key update;
  update products p set revision = asked.above + 1
    from unnest(ids, above) as asked (id, above) where p.product_id = asked.id and p.revision <= asked.above;
  perform send_products(ids, null);
end $$;

create or replace function reemit_branches(ids text[], above bigint[]) returns void
language plpgsql as $$
begin
  perform from branches where branch_id = any (ids) order by branch_id for no key update;
  update branches b set revision = asked.above + 1
    from unnest(ids, above) as asked (id, above) where b.branch_id = asked.id and b.revision <= asked.above;
  perform send_branches(ids, null);
end $$;

-- Sends every product and branch as it is now, with the revision that it has: nothing changes where it is known.
create or replace function reemit_catalog() returns integer
language plpgsql as $$
declare
  ids text[] := array(select product_id from products);
begin
  perform send_products(ids, null);
  perform send_branches(array(select branch_id from branches), null);
  return cardinality(ids) + (select count(*) from branches);
end $$;

-- Sets what the chain decided. A new loyal threshold counts for every sale from now on; customers of before follow piece by
-- piece, see revise_customers.
--
-- Sales and voids hold the advisory lock shared for as long as they count by a threshold. A change takes it alone: when it has
-- it, no transaction is left that counts by the old one, and whatever begins later reads the new one.
create or replace function apply_settings(
  new_currency text, new_threshold integer, new_since timestamptz, new_max_quantity integer) returns text
language plpgsql as $$
declare
  shop chain_settings;
begin
  if exists (select from chain_settings where loyal_threshold <> new_threshold) then
    perform pg_advisory_xact_lock(4120002);
  end if;
  select * into shop from chain_settings for update;
  if not found then
    insert into chain_settings (currency, loyal_threshold, chain_since, max_quantity)
      values (new_currency, new_threshold, new_since, new_max_quantity);
    return 'set';
  end if;
  if shop.currency <> new_currency and exists (select from purchases) then
    raise exception 'the currency cannot change from % to % once there are purchases', shop.currency, new_currency;
  end if;
  update chain_settings set currency = new_currency, loyal_threshold = new_threshold, chain_since = new_since,
    max_quantity = new_max_quantity,
    customers_revised_to = case when loyal_threshold <> new_threshold then 0 else customers_revised_to end;
  return case when shop.loyal_threshold = new_threshold then 'kept' else 'customers are to be revised' end;
end $$;

-- Brings the next so many customers, by their number, to the present threshold, and sends those who look different
-- afterwards. Answers how many it looked at; 0 when all are done, another caller is at it, or the relays are far behind.
-- A piece is a transaction, and where the last one ended stands in chain_settings: whoever comes next goes on from there.
create or replace function revise_customers(many integer) returns integer
language plpgsql as $$
declare
  shop    chain_settings;
  ids     uuid[];
  upto    integer;
  changed uuid[];
begin
  select * into shop from chain_settings where customers_revised_to is not null for no key update skip locked;
  if not found or (select count(*) from (select from outbox limit 10000) as waiting) >= 10000 then return 0; end if;
  select array_agg(customer_id), max(number) into ids, upto from (
    select customer_id, number from customers where number > shop.customers_revised_to order by number limit many) as next;
  update chain_settings set customers_revised_to = upto;
  if ids is null then return 0; end if;

  perform from customers where customer_id = any (ids) order by customer_id for no key update;
  with due as (
    select customer_id,
      case when purchases >= shop.loyal_threshold then loyal_since(customer_id, null, shop.loyal_threshold) end as since
    from customers where customer_id = any (ids)
  ), due_in_branch as (
    select customer_id, branch_id,
      case when purchases >= shop.loyal_threshold then loyal_since(customer_id, branch_id, shop.loyal_threshold) end as since
    from customer_branches where customer_id = any (ids)
  ), revised as (
    update customers c set revision = revision + 1, first_sold_before = first_sold_at, loyal_before = loyal_since,
      loyal_since = due.since
    from due where c.customer_id = due.customer_id and c.loyal_since is distinct from due.since
    returning c.customer_id
  ), revised_in_branch as (
    update customer_branches b set revision = revision + 1, first_sold_before = first_sold_at, loyal_before = loyal_since,
      loyal_since = due.since
    from due_in_branch due
    where b.customer_id = due.customer_id and b.branch_id = due.branch_id and b.loyal_since is distinct from due.since
    returning b.customer_id
  )
  select array_agg(customer_id) into changed from (select * from revised union select * from revised_in_branch) as all_changed;

  -- With one purchase of each customer and branch, whose own state has not changed. A branch without one has no milestone.
  insert into outbox (key, payload)
    select p.purchase_id, stored_purchase_event(p, c, b)
    from customers c
    join customer_branches b using (customer_id)
    join lateral (
      select * from purchases p
      where p.customer_id = b.customer_id and p.branch_id = b.branch_id and p.voided_at is null order by p.sold_at limit 1
    ) as p on true
    where c.customer_id = any (changed);
  if found then perform pg_notify('outbox', ''); end if;
  return cardinality(ids);
end $$;

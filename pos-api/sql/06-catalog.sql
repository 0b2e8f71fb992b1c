-- Changes of the catalog. Each leaves an event for every product or branch that looks different afterwards, and none
-- for one that stays as it was. Rows are locked in the order of their ids.

-- Sends products as they are now; request is the id of the request that changed them, null when there was none.
create or replace function send_products(ids text[], request text) returns void
language plpgsql as $$
begin
  insert into outbox (key, payload)
    select product_id, cloud_event('pos.product.changed.v1', product_id, revision, clock_timestamp(), json_build_object(
      'product_id', product_id, 'name', name, 'unit_price_minor', unit_price_minor, 'currency', shop.currency,
      'active', active, 'revision', revision)::text, request)
    from products, chain_settings shop where product_id = any (ids) order by product_id;
  if found then perform pg_notify('outbox', ''); end if;
end $$;

-- Puts the price that is valid now, and its stretch, into products whose history or whose time has moved on.
create or replace function reprice(ids text[]) returns void
language sql as $$
  update products p set unit_price_minor = present.unit_price_minor, price_from = present.valid_from, price_until = present.until
  from (
    select distinct on (product_id) product_id, unit_price_minor, valid_from,
      coalesce((select min(next.valid_from) from product_prices next
        where next.product_id = history.product_id and next.valid_from > history.valid_from), 'infinity') as until
    from product_prices history where product_id = any (ids) and valid_from <= clock_timestamp()
    order by product_id, valid_from desc
  ) as present
  where p.product_id = present.product_id;
$$;

-- Planned prices whose moment has come become the present ones. Sales are priced right without it, by their moment;
-- this is for who looks at the catalog. Any number of callers: each product is moved on by one of them.
create or replace function apply_due_prices() returns integer
language plpgsql as $$
declare due text[];
begin
  select array_agg(product_id) into due from (
    select product_id from products where price_until <= clock_timestamp()
    order by product_id for no key update skip locked) as locked;
  if due is null then return 0; end if;
  update products set revision = revision + 1 where product_id = any (due);
  perform reprice(due);
  perform send_products(due, null);
  return cardinality(due);
end $$;

-- The products of a file: added, or changed where they differ. A file's price has no date, so it is the price of all
-- time up to now: it replaces the history, and leaves what is planned.
create or replace function upsert_products(batch jsonb) returns integer
language plpgsql as $$
declare different text[];
begin
  perform apply_due_prices();
  perform from products where product_id in (select value ->> 'product_id' from jsonb_array_elements(batch))
    order by product_id for no key update;
  with given as (
    select product_id, name, unit_price_minor, coalesce(active, true) as active
    from jsonb_to_recordset(batch) as g (product_id text, name text, unit_price_minor bigint, active boolean)
  ), written as (
    insert into products as p (product_id, name, unit_price_minor, active, retired_at)
      select product_id, name, unit_price_minor, active, case when not active then clock_timestamp() end
      from given order by product_id
      on conflict (product_id) do update set
        name = excluded.name, active = excluded.active, revision = p.revision + 1,
        retired_at = case when not excluded.active then coalesce(p.retired_at, excluded.retired_at) end
        where (p.name, p.unit_price_minor, p.active, p.price_from)
          is distinct from (excluded.name, excluded.unit_price_minor, excluded.active, timestamptz '-infinity')
      returning p.product_id
  )
  select array_agg(product_id) into different from written;
  if different is null then return 0; end if;

  delete from product_prices where product_id = any (different) and valid_from <= clock_timestamp();
  insert into product_prices (product_id, valid_from, unit_price_minor)
    select product_id, '-infinity', unit_price_minor
    from jsonb_to_recordset(batch) as g (product_id text, unit_price_minor bigint) where product_id = any (different);
  perform reprice(different);
  perform send_products(different, null);
  return cardinality(different);
end $$;

-- Adds a product at a price that it has always had; false when the id is taken.
create or replace function add_product(id text, title text, price bigint, request text) returns boolean
language plpgsql as $$
begin
  insert into products (product_id, name, unit_price_minor) values (id, title, price) on conflict do nothing;
  if not found then return false; end if;
  insert into product_prices values (id, '-infinity', price);
  perform send_products(array[id], request);
  return true;
end $$;

-- Sets the price of a product from a moment on, null for now. Recorded sales keep what they were charged. False when
-- there is no such product.
create or replace function set_price(id text, price bigint, since timestamptz, request text) returns boolean
language plpgsql as $$
declare before bigint;
begin
  select unit_price_minor into before from products where product_id = id for no key update;
  if not found then return false; end if;
  insert into product_prices (product_id, valid_from, unit_price_minor)
    values (id, coalesce(since, clock_timestamp()), price)
    on conflict (product_id, valid_from) do update set unit_price_minor = excluded.unit_price_minor;
  perform reprice(array[id]);
  update products set revision = revision + 1 where product_id = id and unit_price_minor <> before;
  if found then perform send_products(array[id], request); end if;
  return true;
end $$;

-- Renames a product, retires it or sells it again; null leaves as it is. A retired product is still charged for sales
-- from before, which a till may send later. False when there is no such product.
create or replace function change_product(id text, title text, sold boolean, request text) returns boolean
language plpgsql as $$
begin
  perform from products where product_id = id for no key update;
  if not found then return false; end if;
  update products set
    name = coalesce(title, name), active = coalesce(sold, active), revision = revision + 1,
    retired_at = case when not coalesce(sold, active) then coalesce(retired_at, clock_timestamp()) end
    where product_id = id and (name, active) is distinct from (coalesce(title, name), coalesce(sold, active));
  if found then perform send_products(array[id], request); end if;
  return true;
end $$;

-- Sends branches as they are now; request as in send_products.
create or replace function send_branches(ids text[], request text) returns void
language plpgsql as $$
begin
  insert into outbox (key, payload)
    select branch_id, cloud_event('pos.branch.changed.v1', branch_id, revision, clock_timestamp(), json_build_object(
      'branch_id', branch_id, 'name', name, 'country', country, 'revision', revision)::text, request)
    from branches where branch_id = any (ids) order by branch_id;
  if found then perform pg_notify('outbox', ''); end if;
end $$;

-- Adds branches or changes their name or country; what stays as it was sends no event.
drop function if exists upsert_branches(jsonb);
create or replace function upsert_branches(batch jsonb, request text default null) returns integer
language plpgsql as $$
declare changed text[];
begin
  with given as (
    select * from jsonb_to_recordset(batch) as g (branch_id text, name text, country text)
  ), written as (
    insert into branches as b (branch_id, name, country)
      select branch_id, name, country from given order by branch_id
      on conflict (branch_id) do update set name = excluded.name, country = excluded.country, revision = b.revision + 1
        where (b.name, b.country) is distinct from (excluded.name, excluded.country)
      returning b.branch_id
  )
  select array_agg(branch_id) into changed from written;
  if changed is null then return 0; end if;
  perform send_branches(changed, request);
  return cardinality(changed);
end $$;

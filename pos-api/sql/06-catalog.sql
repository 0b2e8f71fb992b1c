-- Changes of the catalog. Each leaves an event for every product or branch that looks different afterwards, and none
-- for one that stays as it was. Rows are locked in the order of their ids.

-- Sends products as they are now; request is the id of the request that changed them, null when there was none.
create or replace function send_products(ids text[], request text) returns void
language plpgsql as $$
begin
  insert into outbox (key, payload)
    select product_id, cloud_event('pos.product.changed.v1', product_id, revision, clock_timestamp(), json_build_object(
      'product_id', product_id, 'name', name, 'category', category, 'unit', unit, 'sku', sku,
      'unit_price_minor', unit_price_minor, 'open_price', open_price, 'currency', shop.currency,
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

-- Adds the products that are not there yet, at a price that they have always had; the others stay as they are. Answers
-- how many are new. batch: [{product_id, name, unit_price_minor, and where there is one category, unit, sku, open_price}]
create or replace function add_products(batch jsonb, request text) returns integer
language plpgsql as $$
declare added text[];
begin
  with given as (
    select * from jsonb_to_recordset(batch) as g (
      product_id text, name text, unit_price_minor bigint, category text, unit text, sku text, open_price boolean)
  ), written as (
    insert into products (product_id, name, unit_price_minor, category, unit, sku, open_price)
      select product_id, name, unit_price_minor, coalesce(category, ''), coalesce(unit, 'piece'), sku, coalesce(open_price, false)
      from given order by product_id
      on conflict (product_id) do nothing returning product_id
  ), price as (
    insert into product_prices (product_id, valid_from, unit_price_minor)
      select product_id, '-infinity', unit_price_minor from given where product_id in (select product_id from written)
  )
  select array_agg(product_id) into added from written;
  if added is null then return 0; end if;
  perform send_products(added, request);
  return cardinality(added);
end $$;

-- The products of a price list: what is new is added, what differs gets what the list says (name, category, unit, sku), and its price
-- from now on. What sales were charged before, what is planned and what is no longer sold stays. Answers how many were added or changed.
create or replace function upsert_products(batch jsonb) returns integer
language plpgsql as $$
declare
  moment timestamptz(3) := now_ms();
  added integer := add_products(batch, null);
  priced text[];
  different text[];
begin
  perform apply_due_prices();
  perform from products where product_id in (select value ->> 'product_id' from jsonb_array_elements(batch))
    order by product_id for no key update;
  with price as (
    insert into product_prices (product_id, valid_from, unit_price_minor)
      select product_id, moment, g.unit_price_minor
      from jsonb_to_recordset(batch) as g (product_id text, unit_price_minor bigint) join products p using (product_id)
      where p.unit_price_minor <> g.unit_price_minor
      on conflict (product_id, valid_from) do update set unit_price_minor = excluded.unit_price_minor
      returning product_id
  )
  select array_agg(product_id) into priced from price;
  with written as (
    update products p set name = g.name, category = coalesce(g.category, p.category), unit = coalesce(g.unit, p.unit),
        sku = coalesce(g.sku, p.sku), revision = p.revision + 1
      from jsonb_to_recordset(batch) as g (product_id text, name text, category text, unit text, sku text)
      where p.product_id = g.product_id
        and (p.product_id = any (priced) or (p.name, p.category, p.unit, p.sku) is distinct from
          (g.name, coalesce(g.category, p.category), coalesce(g.unit, p.unit), coalesce(g.sku, p.sku)))
      returning p.product_id
  )
  select array_agg(product_id) into different from written;
  if different is null then return added; end if;
  perform reprice(different);
  perform send_products(different, null);
  return added + cardinality(different);
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
    values (id, coalesce(since, now_ms()), price)
    on conflict (product_id, valid_from) do update set unit_price_minor = excluded.unit_price_minor;
  perform reprice(array[id]);
  update products set revision = revision + 1 where product_id = id and unit_price_minor <> before;
  if found then perform send_products(array[id], request); end if;
  return true;
end $$;

-- Changes a product: {name, category, unit, sku, open_price, active}, each as it is where it is absent; a sku may become null. A
-- retired product is still charged for sales from before, which a till may send later. False when there is no such product.
create or replace function change_product(id text, change jsonb, request text) returns boolean
language plpgsql as $$
declare
  p    products;
  wish products;
begin
  select * into p from products where product_id = id for no key update;
  if not found then return false; end if;
  wish := jsonb_populate_record(p, change);
  if wish is not distinct from p then return true; end if;
  update products set
    name = wish.name, category = wish.category, unit = wish.unit, sku = wish.sku, open_price = wish.open_price,
    active = wish.active, retired_at = case when not wish.active then coalesce(p.retired_at, now_ms()) end,
    revision = revision + 1
    where product_id = id;
  perform send_products(array[id], request);
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

-- Adds the branches that are not there yet; the others stay as they are. Answers how many are new.
create or replace function add_branches(batch jsonb, request text) returns integer
language plpgsql as $$
declare added text[];
begin
  with written as (
    insert into branches (branch_id, name, country)
      select branch_id, name, country from jsonb_to_recordset(batch) as g (branch_id text, name text, country text)
      order by branch_id
      on conflict do nothing returning branch_id
  )
  select array_agg(branch_id) into added from written;
  if added is null then return 0; end if;
  perform send_branches(added, request);
  return cardinality(added);
end $$;

-- Gives a branch another name or country; null leaves as it is. False when there is no such branch.
create or replace function change_branch(id text, title text, land text, request text) returns boolean
language plpgsql as $$
begin
  perform from branches where branch_id = id for no key update;
  if not found then return false; end if;
  update branches set name = coalesce(title, name), country = coalesce(land, country), revision = revision + 1
    where branch_id = id and (name, country) is distinct from (coalesce(title, name), coalesce(land, country));
  if found then perform send_branches(array[id], request); end if;
  return true;
end $$;

-- Adds branches or changes their name or country; what stays as it was sends no event.
create or replace function upsert_branches(batch jsonb) returns integer
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
  perform send_branches(changed, null);
  return cardinality(changed);
end $$;

-- Adds products or changes their name, price or whether they are sold; what stays as it was sends no event.
create or replace function upsert_products(batch jsonb) returns integer
language plpgsql as $$
declare changed integer;
begin
  with given as (
    select * from jsonb_to_recordset(batch) as g (product_id text, name text, unit_price_minor bigint, active boolean)
  ), written as (
    insert into products as p (product_id, name, unit_price_minor, active)
      select product_id, name, unit_price_minor, coalesce(active, true) from given order by product_id
      on conflict (product_id) do update set
        name = excluded.name, unit_price_minor = excluded.unit_price_minor, active = excluded.active, revision = p.revision + 1
        where (p.name, p.unit_price_minor, p.active) is distinct from (excluded.name, excluded.unit_price_minor, excluded.active)
      returning p.*
  ), sent as (
    insert into outbox (key, payload)
      select product_id, cloud_event('pos.product.changed.v1', product_id, revision, clock_timestamp(), json_build_object(
        'product_id', product_id, 'name', name, 'unit_price_minor', unit_price_minor, 'currency', shop.currency,
        'active', active, 'revision', revision)::text)
      from written, chain_settings shop
      returning 1
  )
  select count(*) into changed from sent;
  if changed > 0 then perform pg_notify('outbox', ''); end if;
  return changed;
end $$;

-- Adds branches or changes their name or country; what stays as it was sends no event.
create or replace function upsert_branches(batch jsonb) returns integer
language plpgsql as $$
declare changed integer;
begin
  with given as (
    select * from jsonb_to_recordset(batch) as g (branch_id text, name text, country text)
  ), written as (
    insert into branches as b (branch_id, name, country)
      select branch_id, name, country from given order by branch_id
      on conflict (branch_id) do update set name = excluded.name, country = excluded.country, revision = b.revision + 1
        where (b.name, b.country) is distinct from (excluded.name, excluded.country)
      returning b.*
  ), sent as (
    insert into outbox (key, payload)
      select branch_id, cloud_event('pos.branch.changed.v1', branch_id, revision, clock_timestamp(), json_build_object(
        'branch_id', branch_id, 'name', name, 'country', country, 'revision', revision)::text)
      from written
      returning 1
  )
  select count(*) into changed from sent;
  if changed > 0 then perform pg_notify('outbox', ''); end if;
  return changed;
end $$;

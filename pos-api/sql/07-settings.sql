-- Sets what the chain decided. A new loyal threshold moves the moment of every customer, so all are sent again:
-- with one purchase of each customer and branch, whose own state has not changed.
create or replace function apply_settings(new_currency text, new_threshold integer, new_since date) returns text
language plpgsql as $$
declare
  shop chain_settings;
begin
  select * into shop from chain_settings for update;
  if not found then
    insert into chain_settings (currency, loyal_threshold, chain_since) values (new_currency, new_threshold, new_since);
    return 'set';
  end if;
  if shop.currency <> new_currency and exists (select from purchases) then
    raise exception 'the currency cannot change from % to % once there are purchases', shop.currency, new_currency;
  end if;
  update chain_settings set currency = new_currency, loyal_threshold = new_threshold, chain_since = new_since;
  if shop.loyal_threshold = new_threshold then return 'kept'; end if;

  -- No purchase may count by the old threshold after this point: all customers stand still until the commit.
  perform from customers order by customer_id for no key update;
  update customers set revision = revision + 1, first_sold_before = first_sold_at, loyal_before = loyal_since,
    loyal_since = case when purchases >= new_threshold then loyal_since(customer_id, null, new_threshold) end;
  update customer_branches set revision = revision + 1, first_sold_before = first_sold_at, loyal_before = loyal_since,
    loyal_since = case when purchases >= new_threshold then loyal_since(customer_id, branch_id, new_threshold) end;
  insert into outbox (key, payload)
    select p.purchase_id, purchase_event(p, stored_items_json(p.purchase_id), c, b)
    from customer_branches b
    join customers c using (customer_id)
    join lateral (
      select * from purchases any_one where any_one.customer_id = b.customer_id and any_one.branch_id = b.branch_id limit 1
    ) p on true;
  perform pg_notify('outbox', '');
  return 'customers sent again';
end $$;

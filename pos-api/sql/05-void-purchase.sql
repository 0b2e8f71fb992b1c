-- Takes a purchase out of every figure; voiding it again changes nothing, so the first caller and reason stay. One of which something
-- was returned cannot be voided: its status is `returned` then, and nothing has changed. Answers with its state, or no row.
--
-- who: see purchases.voided_by; absent for who calls this by hand
-- why, request: the reason and the id of the request, null when there is none
create or replace function void_purchase(purchase uuid, who text default null, why text default null, request text default null)
returns table (status text, body text)
language plpgsql as $$
#variable_conflict use_column
declare
  shop  chain_settings;
  p     purchases;
  c     customers;
  b     customer_branches;
begin
  perform pg_advisory_xact_lock_shared(4120002);  -- see apply_settings
  select * into strict shop from chain_settings;
  select * into p from purchases where purchase_id = purchase for no key update;
  if not found then return; end if;

  if p.voided_at is null and p.returned_at is null then
    update purchases set voided_at = now_ms(), version = version + 1,
        voided_by = coalesce(who, concat('postgres:', session_user)), void_reason = why, void_request_id = request
      where purchase_id = purchase returning * into p;
    if p.customer_id is not null then
      perform from customers where customer_id = p.customer_id for no key update;
      -- What is left is looked up: the first, the last and the loyal moment may all have moved.
      update customers set
        revision = revision + 1, first_sold_before = first_sold_at, loyal_before = loyal_since,
        purchases = purchases - 1, spent_minor = spent_minor - p.total_minor,
        first_sold_at = (select min(sold_at) from purchases rest where rest.customer_id = p.customer_id and voided_at is null),
        last_sold_at = (select max(sold_at) from purchases rest where rest.customer_id = p.customer_id and voided_at is null),
        loyal_since = loyal_since(p.customer_id, null, shop.loyal_threshold)
        where customer_id = p.customer_id returning * into c;
      update customer_branches set
        revision = revision + 1, first_sold_before = first_sold_at, loyal_before = loyal_since,
        purchases = purchases - 1, spent_minor = spent_minor - p.total_minor,
        first_sold_at = (select min(sold_at) from purchases rest
          where rest.customer_id = p.customer_id and rest.branch_id = p.branch_id and voided_at is null),
        last_sold_at = (select max(sold_at) from purchases rest
          where rest.customer_id = p.customer_id and rest.branch_id = p.branch_id and voided_at is null),
        loyal_since = loyal_since(p.customer_id, p.branch_id, shop.loyal_threshold)
        where customer_id = p.customer_id and branch_id = p.branch_id returning * into b;
    end if;
    insert into outbox (key, payload)
      values (p.purchase_id, stored_purchase_event(p, c, b));
    perform pg_notify('outbox', '');
  end if;

  return query select case when p.voided_at is not null then 'voided' else 'returned' end,
    purchase_json(p, stored_items_json(p.purchase_id));
end $$;

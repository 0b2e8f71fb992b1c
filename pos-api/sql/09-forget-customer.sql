-- Gives a customer another, random id wherever Postgres names one; number and totals stay, and with them every figure. Sends all
-- of the customer's purchases again, each above its version, so that no event with the former id counts any more.
-- Answers the new id, or null for a customer who is not there.
--
-- The fingerprint of a request tells whether it named this customer, so it becomes random: a retry with its key is refused, not
-- recorded. What a till wrote beside a sale (request ids, the reason of a void or a return) may name a person, so it goes.
create or replace function forget_customer(former uuid) returns uuid
language plpgsql as $$
declare
  given uuid := gen_random_uuid();
  ids   uuid[];
begin
  -- A sale of this customer waits until the former id has gone, and makes a new customer then.
  lock table customers in share row exclusive mode;
  perform set_config('tillstream.forgetting', 'on', true);
  update customers set customer_id = given, revision = revision + 1, first_sold_before = first_sold_at, loyal_before = loyal_since
    where customer_id = former;
  if not found then return null; end if;
  update customer_branches set customer_id = given, revision = revision + 1, first_sold_before = first_sold_at, loyal_before = loyal_since
    where customer_id = former;
  -- In two halves, each by its index.
  ids := array(select purchase_id from purchases where customer_id = former and voided_at is null)
      || array(select purchase_id from purchases where customer_id = former and voided_at is not null);
  update purchases set customer_id = given, version = version + 1, request_id = null, void_request_id = null, void_reason = null,
      fingerprint = sha256(uuid_send(gen_random_uuid()))
    where purchase_id = any (ids);
  update returns set request_id = null, reason = null, fingerprint = sha256(uuid_send(gen_random_uuid())) where purchase_id = any (ids);
  insert into forgetting values (former, given);
  insert into outbox (key, payload)
    select p.purchase_id, stored_purchase_event(p, c, b)
    from purchases p
    join customers c using (customer_id)
    join customer_branches b using (customer_id, branch_id)
    where p.purchase_id = any (ids);
  perform pg_notify('outbox', '');
  return given;
end $$;

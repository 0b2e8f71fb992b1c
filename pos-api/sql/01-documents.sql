-- How purchases and customers look in JSON: once here, for answers, events and replays alike.
--
-- Written with concat, not json_build_object, which looks up the type of each argument for each row: an event in
-- a third of the time. Strings that are not ids or times of ours go through to_json. Those of them that record_purchases calls for each
-- purchase are plain expressions that Postgres inlines; one with a subquery would be called, at ten times the cost.

-- Now, as columns of milliseconds can hold it. They round: up to half a millisecond of what is stored would lie in the future,
-- and a price that is valid "from now on" would not be valid yet.
create or replace function now_ms() returns timestamptz
language sql volatile parallel safe
return date_trunc('milliseconds', clock_timestamp());

create or replace function json_time(moment timestamptz) returns text
language sql stable parallel safe
return coalesce(to_char(moment at time zone 'UTC', '"\""YYYY-MM-DD"T"HH24:MI:SS.MS"Z\""'), 'null');

-- CloudEvents 1.0. The id is the subject and its version: the same event has the same id however often it is sent.
-- The extension requestid names the request that caused it, where there was one.
create or replace function cloud_event(
  type text, subject text, version bigint, moment timestamptz, data text, request_id text) returns text
language sql stable parallel safe
return concat(
  '{"specversion":"1.0","id":', to_json(concat(subject, '/', version)), ',"source":"/pos-api","type":"', type,
  '","subject":', to_json(subject), ',"time":', json_time(moment), ',"datacontenttype":"application/json"',
  case when request_id is not null then concat(',"requestid":', to_json(request_id)) end, ',"data":', data, '}');
create or replace function cloud_event(type text, subject text, version bigint, moment timestamptz, data text) returns text
language sql stable parallel safe
return cloud_event(type, subject, version, moment, data, null);

-- An event with the CloudEvents extension traceparent in front, where its request was traced; the relay looks for it there.
create or replace function traced(event text, traceparent text) returns text
language sql immutable parallel safe
return case when traceparent is null then event
  else concat('{"traceparent":', to_json(traceparent), ',', substr(event, 2)) end;

-- quantity and discount are 1 and 0 where they are null. A share of the receipt's discount is not in net_minor where that is null.
-- weighed: sold by weight; null: by piece.
create or replace function item_json(
  product_id text, quantity numeric, weighed boolean, unit_price_minor bigint, discount_minor bigint, total_minor bigint, net_minor bigint)
returns text
language sql stable parallel safe
return concat(
  '{"product_id":', to_json(product_id), ',"quantity":', coalesce(trim_scale(quantity)::text, '1'),
  case when weighed then ',"unit":"kg","unit_price_minor":' else ',"unit":"piece","unit_price_minor":' end, unit_price_minor,
  ',"discount_minor":', coalesce(discount_minor, 0), ',"total_minor":', total_minor, ',"net_minor":', coalesce(net_minor, total_minor), '}');

-- The same for one piece at its price, without discounts, as most items are: in two thirds of the time.
create or replace function plain_item_json(product_id text, unit_price_minor bigint) returns text
language sql stable parallel safe
return concat(
  '{"product_id":', to_json(product_id), ',"quantity":1,"unit":"piece","unit_price_minor":', unit_price_minor,
  ',"discount_minor":0,"total_minor":', unit_price_minor, ',"net_minor":', unit_price_minor, '}');

-- weighed: the lines that are sold by weight, from 1; null when there are none.
create or replace function items_json(
  product_ids text[], quantities numeric[], weighed bigint[], unit_prices bigint[], discounts bigint[], nets bigint[]) returns text
language sql stable
return (
  select concat('[', string_agg(
    item_json(product_id, quantity, line = any (weighed), price, discount, gross_of(quantity, price) - coalesce(discount, 0), net), ',' order by line), ']')
  from unnest(product_ids, quantities, unit_prices, discounts, nets) with ordinality
    as item (product_id, quantity, price, discount, net, line));

create or replace function stored_items_json(purchase uuid) returns text
language sql stable
return (
  select concat('[', string_agg(
    item_json(product_id, quantity, weighed, unit_price_minor, discount_minor, total_minor, net_minor), ',' order by line), ']')
  from purchase_items where purchase_id = purchase);

-- The answer to POST /v1/purchases, rebuilt to the letter from the stored row when a till asks again.
create or replace function purchase_json(p purchases, items text) returns text
language sql stable parallel safe
return concat(
  '{"purchase_id":"', p.purchase_id, '","receipt_number":', coalesce(to_json(p.receipt_number)::text, 'null'),
  ',"branch_id":', to_json(p.branch_id),
  ',"customer_id":', coalesce(to_json(p.customer_id)::text, 'null'), ',"sold_at":', json_time(p.sold_at),
  ',"items":', items, ',"discount_minor":', p.discount_minor, ',"total_minor":', p.total_minor, ',"currency":"', p.currency,
  '","customer":', case when p.customer_id is null then 'null'
    else concat('{"purchases":', p.customer_purchases, ',"loyal":', to_json(p.customer_loyal), '}') end, '}');

-- Totals of a customer, in the chain or in a branch: the fields that both have. The two `_before` are what the moments were
-- in the revision before this one.
create or replace function totals_json(
  revision bigint, purchases integer, spent_minor bigint,
  loyal_since timestamptz, first_sold_at timestamptz, last_sold_at timestamptz,
  first_sold_before timestamptz, loyal_before timestamptz) returns text
language sql stable parallel safe
return concat(
  '"revision":', revision, ',"purchases":', purchases, ',"spent_minor":', spent_minor,
  ',"loyal_since":', json_time(loyal_since), ',"first_sold_at":', json_time(first_sold_at),
  ',"last_sold_at":', json_time(last_sold_at), ',"first_sold_before":', json_time(first_sold_before),
  ',"loyal_before":', json_time(loyal_before));

create or replace function customer_json(c customers, b customer_branches) returns text
language sql stable parallel safe
return case when c.customer_id is null then 'null' else concat(
  '{"customer_id":"', c.customer_id, '","number":', c.number, ',',
  totals_json(c.revision, c.purchases, c.spent_minor, c.loyal_since, c.first_sold_at, c.last_sold_at,
    c.first_sold_before, c.loyal_before), ',"branch":{',
  totals_json(b.revision, b.purchases, b.spent_minor, b.loyal_since, b.first_sold_at, b.last_sold_at,
    b.first_sold_before, b.loyal_before), '}}') end;

-- A return, as it stands in its purchase and in events.
create or replace function return_json(r returns) returns text
language sql stable
return concat(
  '{"return_id":"', r.return_id, '","branch_id":', to_json(r.branch_id), ',"returned_at":', json_time(r.returned_at),
  ',"recorded_at":', json_time(r.recorded_at), ',"cashier":', coalesce(to_json(r.cashier)::text, 'null'),
  ',"reason":', coalesce(to_json(r.reason)::text, 'null'), ',"total_minor":', r.total_minor, ',"items":[',
  (select string_agg(concat(
      '{"product_id":', to_json(product_id), ',"quantity":', trim_scale(quantity), ',"total_minor":', total_minor, '}'), ',' order by line)
    from return_items i where i.return_id = r.return_id), ']}');

-- The answer to whoever recorded it.
create or replace function return_answer(r returns) returns text
language sql stable
return concat('{"purchase_id":"', r.purchase_id, '",', substr(return_json(r), 2));

-- All returns of a purchase, the oldest first.
create or replace function stored_returns_json(purchase uuid) returns text
language sql stable
return (
  select concat('[', string_agg(return_json(r), ',' order by recorded_at), ']') from returns r where r.purchase_id = purchase);

-- An event carries the whole state of its purchase, and of its customer as of this transaction. returns is only looked at for a
-- purchase of which something was returned.
create or replace function purchase_event(p purchases, items text, returns text, c customers, b customer_branches) returns text
language sql stable parallel safe
return cloud_event(
  case when p.voided_at is not null then 'pos.purchase.voided.v1'
    when p.returned_at is not null then 'pos.purchase.returned.v1' else 'pos.purchase.recorded.v1' end,
  p.purchase_id::text, p.version, coalesce(p.voided_at, p.returned_at, p.recorded_at),
  concat(
    '{"purchase_id":"', p.purchase_id, '","version":', p.version,
    ',"status":"', case when p.voided_at is null then 'recorded' else 'voided' end,
    '","branch_id":', to_json(p.branch_id), ',"sold_at":', json_time(p.sold_at), ',"recorded_at":', json_time(p.recorded_at),
    ',"currency":"', p.currency, '","gross_minor":', p.gross_minor, ',"discount_minor":', p.discount_minor,
    ',"total_minor":', p.total_minor, ',"cashier":', coalesce(to_json(p.cashier)::text, 'null'),
    ',"receipt_number":', coalesce(to_json(p.receipt_number)::text, 'null'), ',"channel":"', p.channel,
    '","tenders":', coalesce(p.tenders::text, 'null'), ',"items":', items,
    ',"customer":', customer_json(c, b),
    case when p.voided_at is not null then concat(
      ',"void":{"by":', to_json(p.voided_by), ',"reason":', coalesce(to_json(p.void_reason)::text, 'null'),
      ',"request_id":', coalesce(to_json(p.void_request_id)::text, 'null'), '}') end,
    case when p.returned_at is not null then concat(',"returns":', returns) end, '}'),
  p.request_id);

-- The same of a purchase that was stored before.
create or replace function stored_purchase_event(p purchases, c customers, b customer_branches) returns text
language sql stable
return purchase_event(p, stored_items_json(p.purchase_id),
  case when p.returned_at is not null then stored_returns_json(p.purchase_id) end, c, b);

CREATE MATERIALIZED VIEW silver.purchases_mv TO silver.purchases AS
WITH
    JSONExtract(payload, 'data', 'Tuple(purchase_id String, version UInt64, status String, branch_id String, sold_at String, recorded_at String, currency String, total_minor Int64, items Array(Tuple(product_id String, quantity UInt32, unit_price_minor Int64)), customer Tuple(customer_id String, number UInt32))') AS purchase,
    parseDateTime64BestEffortOrZero(purchase.sold_at, 3, 'UTC') AS moment
SELECT
    toStartOfFifteenMinutes(toDateTime(moment, 'UTC')) AS slot,
    purchase.branch_id AS branch_id,
    toUUIDOrZero(purchase.purchase_id) AS purchase_id,
    purchase.version * 65536 + 1 AS version,
    if(purchase.status = 'voided', 'voided', 'recorded') AS status,
    moment AS sold_at,
    parseDateTime64BestEffortOrZero(purchase.recorded_at, 3, 'UTC') AS recorded_at,
    purchase.currency AS currency,
    purchase.total_minor AS total_minor,
    arraySum(item -> item.quantity, purchase.items) AS units,
    arrayMap(item -> item.product_id, purchase.items) AS product_ids,
    arrayMap(item -> item.quantity, purchase.items) AS quantities,
    arrayMap(item -> item.unit_price_minor, purchase.items) AS unit_prices_minor,
    toUUIDOrZero(purchase.customer.customer_id) AS customer_id,
    purchase.customer.number AS customer_number
FROM bronze.events
WHERE dq_status = 'ok' AND event_type IN ('pos.purchase.recorded.v1', 'pos.purchase.voided.v1');

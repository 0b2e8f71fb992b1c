CREATE MATERIALIZED VIEW silver.customers_mv TO silver.customers AS
WITH
    JSONExtract(payload, 'data', 'customer', 'Tuple(customer_id String, number UInt32, revision UInt64, purchases UInt32, spent_minor Int64, loyal_since String, first_sold_at String, last_sold_at String)') AS customer
SELECT
    toUUIDOrZero(customer.customer_id) AS customer_id,
    customer.number AS number,
    customer.revision AS revision,
    customer.purchases AS purchases,
    customer.spent_minor AS spent_minor,
    parseDateTime64BestEffortOrNull(customer.loyal_since, 3, 'UTC') AS loyal_since,
    parseDateTime64BestEffortOrNull(customer.first_sold_at, 3, 'UTC') AS first_sold_at,
    parseDateTime64BestEffortOrNull(customer.last_sold_at, 3, 'UTC') AS last_sold_at
FROM bronze.events
WHERE dq_status = 'ok'
  AND event_type IN ('pos.purchase.recorded.v1', 'pos.purchase.voided.v1')
  AND JSONExtractUInt(payload, 'data', 'customer', 'number') > 0;

CREATE MATERIALIZED VIEW silver.customer_branches_mv TO silver.customer_branches AS
WITH
    JSONExtract(payload, 'data', 'customer', 'branch', 'Tuple(revision UInt64, purchases UInt32, spent_minor Int64, loyal_since String, first_sold_at String, last_sold_at String)') AS here
SELECT
    JSONExtractString(payload, 'data', 'branch_id') AS branch_id,
    toUUIDOrZero(JSONExtractString(payload, 'data', 'customer', 'customer_id')) AS customer_id,
    toUInt32(JSONExtractUInt(payload, 'data', 'customer', 'number')) AS number,
    here.revision AS revision,
    here.purchases AS purchases,
    here.spent_minor AS spent_minor,
    parseDateTime64BestEffortOrNull(here.loyal_since, 3, 'UTC') AS loyal_since,
    parseDateTime64BestEffortOrNull(here.first_sold_at, 3, 'UTC') AS first_sold_at,
    parseDateTime64BestEffortOrNull(here.last_sold_at, 3, 'UTC') AS last_sold_at
FROM bronze.events
WHERE dq_status = 'ok'
  AND event_type IN ('pos.purchase.recorded.v1', 'pos.purchase.voided.v1')
  AND number > 0;

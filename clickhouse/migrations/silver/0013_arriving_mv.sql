CREATE MATERIALIZED VIEW silver.arriving_mv TO silver.arriving AS
SELECT
    event_type,
    JSONExtract(payload, 'data', 'Tuple(
        purchase_id String, version UInt64, status String, branch_id String, sold_at String, recorded_at String, currency String, total_minor Int64,
        items Array(Tuple(product_id String, quantity UInt32, unit_price_minor Int64)),
        customer Tuple(
            customer_id String, number UInt32, revision UInt64, purchases UInt32, spent_minor Int64, loyal_since String, first_sold_at String, last_sold_at String,
            branch Tuple(revision UInt64, purchases UInt32, spent_minor Int64, loyal_since String, first_sold_at String, last_sold_at String)),
        product_id String, revision UInt64, name String, unit_price_minor Int64, active Bool, country String)') AS data
FROM bronze.events
WHERE dq_status = 'ok';

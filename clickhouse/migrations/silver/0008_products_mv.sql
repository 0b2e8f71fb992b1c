CREATE MATERIALIZED VIEW silver.products_mv TO silver.products AS
WITH JSONExtract(payload, 'data', 'Tuple(product_id String, revision UInt64, name String, unit_price_minor Int64, currency String, active Bool)') AS product
SELECT
    product.product_id AS product_id,
    product.revision AS revision,
    product.name AS name,
    product.unit_price_minor AS unit_price_minor,
    product.currency AS currency,
    product.active AS active
FROM bronze.events
WHERE dq_status = 'ok' AND event_type = 'pos.product.changed.v1';

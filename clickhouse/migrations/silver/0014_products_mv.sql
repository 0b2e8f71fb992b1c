CREATE MATERIALIZED VIEW silver.products_mv TO silver.products AS
SELECT
    data.product_id AS product_id,
    data.revision AS revision,
    data.name AS name,
    data.unit_price_minor AS unit_price_minor,
    data.currency AS currency,
    data.active AS active,
    data.category AS category,
    if(data.unit = '', 'piece', data.unit) AS unit,
    data.sku AS sku,
    data.open_price AS open_price
FROM silver.arriving
WHERE event_type = 'pos.product.changed.v1';

-- repeatable
CREATE OR REPLACE VIEW gold.products
(
    product_id       LowCardinality(String) COMMENT 'Product',
    product          String                 COMMENT 'Name as shown',
    unit_price_minor Int64                  COMMENT 'Price now, minor units; what was charged stands in gold.purchase_items',
    currency         LowCardinality(String) COMMENT 'ISO 4217',
    active           Bool                   COMMENT 'Whether tills may sell it'
)
AS SELECT product_id, name AS product, unit_price_minor, currency, active
FROM silver.products FINAL
COMMENT 'Gold: the products as they are now';

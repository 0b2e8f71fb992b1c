-- repeatable
CREATE OR REPLACE VIEW gold.products
(
    product_id       LowCardinality(String) COMMENT 'Product',
    product          String                 COMMENT 'Name as shown',
    unit_price_minor Int64                  COMMENT 'Price now, minor units; what was charged stands in gold.purchase_items',
    currency         LowCardinality(String) COMMENT 'ISO 4217',
    active           Bool                   COMMENT 'Whether tills may sell it',
    category         LowCardinality(String) COMMENT 'Category; empty where it has none',
    unit             LowCardinality(String) COMMENT 'piece or kg: what a quantity is of',
    sku              String                 COMMENT 'What the barcode says; empty where it has none'
)
AS SELECT product_id, name AS product, unit_price_minor, currency, active, category, unit, sku
FROM silver.products FINAL
COMMENT 'Gold: the products as they are now';

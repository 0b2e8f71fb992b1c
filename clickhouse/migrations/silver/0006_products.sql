CREATE TABLE silver.products
(
    product_id       LowCardinality(String) COMMENT 'The name in lower case with - for spaces',
    revision         UInt64                 COMMENT 'Grows with every change; the highest row counts',
    name             String                 COMMENT 'Name as shown',
    unit_price_minor Int64                  COMMENT 'Price now, minor units; a purchase keeps the price it was sold at',
    currency         LowCardinality(String) COMMENT 'ISO 4217',
    active           Bool                   COMMENT 'Whether tills may sell it',
    category         LowCardinality(String) COMMENT 'Category; empty where it has none',
    unit             LowCardinality(String) COMMENT 'piece or kg: what a quantity is of',
    sku              String                 COMMENT 'What the barcode says; empty where it has none',
    open_price       Bool                   COMMENT 'Whether a till may say what it costs'
)
ENGINE = ${ReplacingMergeTree}(revision)
ORDER BY product_id
COMMENT 'Silver: the products as they are now. Read with FINAL.';

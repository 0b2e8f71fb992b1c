-- repeatable
CREATE OR REPLACE VIEW gold.returns
(
    slot             DateTime('UTC')        COMMENT 'Quarter of an hour of returned_at. Filter on it as well as on returned_at: it is the sorting key',
    branch_id        LowCardinality(String) COMMENT 'Branch that took it back, perhaps not the one that sold it',
    return_id        UUID                   COMMENT 'Identity of the return; count() of rows is the number of returns, and adds up',
    purchase_id      UUID                   COMMENT 'The purchase of which something came back; it still counts as a purchase',
    returned_at      DateTime64(3, 'UTC')   COMMENT 'When it came back, UTC',
    currency         LowCardinality(String) COMMENT 'ISO 4217',
    returned_minor   Int64                  COMMENT 'What was paid back in minor units (cents); adds up',
    product_ids      Array(LowCardinality(String)) COMMENT 'Products that came back',
    quantities       Array(Decimal(12, 3))  COMMENT 'Pieces or kilograms of each',
    amounts_minor    Array(Int64)           COMMENT 'What was paid back for each, minor units',
    customer_id      Nullable(UUID)         COMMENT 'Customer of the purchase; NULL for one without a card',
    cashier          LowCardinality(String) COMMENT 'Who took it back; empty where the till does not say'
)
AS SELECT
    slot, branch_id, facts.purchase_id AS return_id, returned_purchase_id AS purchase_id, sold_at AS returned_at, currency,
    -total_minor AS returned_minor, product_ids, arrayMap(quantity -> -quantity, quantities) AS quantities,
    arrayMap(amount -> -amount, line_totals_minor) AS amounts_minor,
    if(customer_number = 0, NULL, customer_id) AS customer_id, cashier
FROM (SELECT * FROM silver.purchases FINAL WHERE status = 'recorded' AND kind = 'return') AS facts
COMMENT 'Gold: every return, exactly once';

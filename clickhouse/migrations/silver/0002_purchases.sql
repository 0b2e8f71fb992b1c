-- A purchase is one row, replaced whole by its highest version: repeats and order do not matter. A return is a row of its own, at its own
-- time and in its own branch, with negative money and quantities: whatever is summed is net of returns.
-- Key and partition come from what never changes of a purchase, so that all its versions meet in one merge.
CREATE TABLE silver.purchases
(
    slot              DateTime('UTC')         COMMENT 'Quarter of an hour of the sale; every time zone''s hours and days are whole numbers of them' CODEC(Delta, ZSTD(1)),
    branch_id         LowCardinality(String)  COMMENT 'Branch of the sale',
    purchase_id       UUID                    COMMENT 'Identity of the purchase, or of the return',
    version           UInt64                  COMMENT 'Version of the event × 65536 + revision of the parser; the highest row counts',
    status            Enum8('recorded' = 1, 'voided' = 2) COMMENT 'A voided purchase counts in no figure',
    kind              Enum8('sale' = 1, 'return' = 2) COMMENT 'Purchases, items and customers are counted of sales; money is summed over both',
    returned_purchase_id UUID                 COMMENT 'Of a return: the purchase of which something came back; zero for a sale',
    sold_at           DateTime64(3, 'UTC')    COMMENT 'When it was sold or came back' CODEC(Delta, ZSTD(1)),
    recorded_at       DateTime64(3, 'UTC')    COMMENT 'When Postgres recorded it' CODEC(Delta, ZSTD(1)),
    currency          LowCardinality(String)  COMMENT 'ISO 4217',
    gross_minor       Int64                   COMMENT 'Quantities × prices in minor units (cents), before discounts; 0 for a return' CODEC(T64, ZSTD(1)),
    discount_minor    Int64                   COMMENT 'All discounts, those of lines and that of the receipt; 0 for a return' CODEC(T64, ZSTD(1)),
    total_minor       Int64                   COMMENT 'gross_minor - discount_minor of a sale; minus what was paid back of a return' CODEC(T64, ZSTD(1)),
    units             UInt32                  COMMENT 'Items in the basket; a weighed line is one. 0 for a return' CODEC(T64, ZSTD(1)),
    product_ids       Array(LowCardinality(String)) COMMENT 'Products, in the order of the receipt',
    quantities        Array(Decimal(12, 3))   COMMENT 'Quantity of each line: pieces or kilograms; negative for a return' CODEC(ZSTD(1)),
    unit_prices_minor Array(Int64)            COMMENT 'Price of each line at the time of the sale, minor units; 0 for a return' CODEC(ZSTD(1)),
    line_totals_minor Array(Int64)            COMMENT 'What each line adds to total_minor, its share of the receipt''s discount taken off' CODEC(ZSTD(1)),
    customer_id       UUID                    COMMENT 'Customer; zero for a sale without a card',
    customer_number   UInt32                  COMMENT 'Dense number of the customer, for bitmaps; 0 for a sale without a card' CODEC(T64, ZSTD(1)),
    cashier           LowCardinality(String)  COMMENT 'Who sold it or took it back; empty where the till does not say',
    receipt_number    String                  COMMENT 'The till''s number of the receipt; empty where it gave none' CODEC(ZSTD(1)),
    channel           LowCardinality(String)  COMMENT 'pos or web',
    tender_types      Array(LowCardinality(String)) COMMENT 'How it was paid: cash, card, …; empty where the till does not say',
    tender_amounts_minor Array(Int64)         COMMENT 'What was paid by each, minor units' CODEC(ZSTD(1)),
    arrived_at        DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When bronze received the event: tells the sealer what is new, never a version' CODEC(Delta, ZSTD(1)),
    INDEX arrived arrived_at TYPE minmax GRANULARITY 4,
    INDEX recorded recorded_at TYPE minmax GRANULARITY 64,
    -- Fingerprints of what is stored, by quarter of an hour. They live in the parts of the rows and appear with them. Those by business
    -- day are added when ClickHouse is migrated, since what a day is depends on the shop's settings.
    PROJECTION facts_by_slot
    (
        SELECT slot, branch_id, count(), sum(${FACT_HASH})
        GROUP BY slot, branch_id
    )
)
ENGINE = ${ReplacingMergeTree}(version)
PARTITION BY toYear(slot)
ORDER BY (slot, branch_id, purchase_id)
SETTINGS deduplicate_merge_projection_mode = 'rebuild'
COMMENT 'Silver: one row per purchase or return, whatever was sent twice, late or out of order. Read with FINAL.';

-- Where a customer's first purchase and the purchase that made them loyal lie. An event says where a milestone is now and where it was
-- before; the row of the old place is replaced by one that is not active. So repeats and order do not matter here either.
CREATE TABLE silver.customer_milestones
(
    branch_id       LowCardinality(String)            COMMENT 'Branch; empty: the whole chain',
    milestone       Enum8('first' = 1, 'loyal' = 2)   COMMENT 'first: the first purchase that is not void; loyal: the one that reached the threshold',
    slot            DateTime('UTC')                   COMMENT 'Quarter of an hour of the moment' CODEC(Delta, ZSTD(1)),
    customer_number UInt32                            COMMENT 'Dense number of the customer' CODEC(Delta, ZSTD(1)),
    moment          DateTime64(3, 'UTC')              COMMENT 'When that purchase was sold' CODEC(Delta, ZSTD(1)),
    active          Bool                              COMMENT 'Whether the milestone still is in this slot',
    revision        UInt64                            COMMENT 'Revision of the customer there; the highest row counts' CODEC(T64, ZSTD(1)),
    arrived_at      DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When bronze received the event: tells the sealer what is new' CODEC(Delta, ZSTD(1)),
    INDEX arrived arrived_at TYPE minmax GRANULARITY 4
)
ENGINE = ${ReplacingMergeTree}(revision)
ORDER BY (branch_id, milestone, slot, customer_number)
SETTINGS deduplicate_merge_projection_mode = 'rebuild'
COMMENT 'Silver: the milestones of each customer, in the chain and in each branch. Read with FINAL, and only what is active.';

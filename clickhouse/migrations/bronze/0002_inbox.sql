-- The door of bronze, common to the Kafka queue and to the direct port: it keeps nothing itself.
CREATE TABLE bronze.inbox
(
    payload     String,
    topic       LowCardinality(String),
    partition   UInt32,
    offset      UInt64,
    key         String,
    produced_at DateTime64(3, 'UTC')
)
ENGINE = Null
COMMENT 'Messages on their way into bronze.events';

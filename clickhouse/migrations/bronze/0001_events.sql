-- Every message as it was received, for ever: silver is rebuilt from here, so there is no TTL.
-- A message may stand here more than once (at-least-once delivery); silver is where repeats vanish.
CREATE TABLE bronze.events
(
    payload        String                  COMMENT 'The message as received, byte for byte' CODEC(ZSTD(3)),
    payload_hash   UInt64                  COMMENT 'cityHash64 of the payload: the same message has the same hash',
    topic          LowCardinality(String)  COMMENT 'Topic it came from; ''direct'' when the relay wrote here without a broker',
    partition      UInt32                  COMMENT 'Partition of the topic',
    offset         UInt64                  COMMENT 'Offset in the partition',
    key            String                  COMMENT 'Message key: the id of the purchase, product or branch' CODEC(ZSTD(1)),
    produced_at    DateTime64(3, 'UTC')    COMMENT 'Timestamp of the message on the broker',
    ingested_at    DateTime64(3, 'UTC')    COMMENT 'When it arrived here; for operators, never a version' CODEC(Delta, ZSTD(1)),
    event_type     LowCardinality(String)  COMMENT 'CloudEvents type; empty when it could not be read',
    event_time     DateTime64(3, 'UTC')    COMMENT 'CloudEvents time: the commit in Postgres; zero when it could not be read',
    dq_status      Enum8('ok' = 1, 'quarantined' = 2) COMMENT 'Only ok rows reach silver',
    dq_errors      Array(LowCardinality(String)) COMMENT 'Why a row is quarantined',
    unknown_fields Array(LowCardinality(String)) COMMENT 'Fields that no schema knows: kept, reported, not refused'
)
ENGINE = ${MergeTree}
PARTITION BY toYYYYMM(ingested_at)
ORDER BY (topic, partition, offset)
COMMENT 'Bronze: every message as received, with its verdict';

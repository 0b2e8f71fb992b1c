-- repeatable
CREATE MATERIALIZED VIEW bronze.queue_mv TO bronze.inbox AS
SELECT
    payload,
    _topic AS topic,
    toUInt32(_partition) AS partition,
    _offset AS offset,
    _key AS key,
    toDateTime64(ifNull(_timestamp_ms, toDateTime64(0, 3)), 3, 'UTC') AS produced_at
FROM bronze.queue;

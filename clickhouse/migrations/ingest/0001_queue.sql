-- repeatable
-- RawBLOB: no message can fail to parse here. The flush interval bounds how many blocks come a second, and a block costs the
-- planning of its views whatever it holds; a sale waits half of it on average. kafka_consumer_reschedule_ms (500 by
-- default) would hide any shorter flush interval.
CREATE TABLE bronze.queue (payload String)
ENGINE = Kafka
SETTINGS
    ${KAFKA_SETTINGS},
    kafka_topic_list = '${PURCHASES_TOPIC}',
    kafka_group_name = '${CLICKHOUSE_CONSUMER_GROUP}',
    kafka_format = 'RawBLOB',
    kafka_num_consumers = 1,
    kafka_flush_interval_ms = 80,
    kafka_poll_timeout_ms = 10,
    kafka_consumer_reschedule_ms = 10,
    kafka_max_block_size = 65536,
    kafka_poll_max_batch_size = 65536,
    kafka_skip_broken_messages = 0,
    kafka_commit_every_batch = 0;

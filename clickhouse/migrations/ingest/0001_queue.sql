-- repeatable
-- RawBLOB: no message can fail to parse here. Each look for messages plans all views, whether it finds any or not: 6 ms of CPU. A look
-- takes two polls of 50 ms (the flush interval ends it after the second), and one that found nothing is followed by a pause of 50 ms: an
-- idle queue looks 6 times a second. A sale waits half of that on average.
CREATE TABLE bronze.queue (payload String)
ENGINE = Kafka
SETTINGS
    ${KAFKA_SETTINGS},
    kafka_topic_list = '${PURCHASES_TOPIC}',
    kafka_group_name = '${CLICKHOUSE_CONSUMER_GROUP}',
    kafka_format = 'RawBLOB',
    kafka_num_consumers = 1,
    kafka_flush_interval_ms = 80,
    kafka_poll_timeout_ms = 50,
    kafka_consumer_reschedule_ms = 50,
    kafka_max_block_size = 65536,
    kafka_poll_max_batch_size = 65536,
    kafka_skip_broken_messages = 0,
    kafka_commit_every_batch = 0;

/**
 * The one topic that carries everything from Postgres to ClickHouse: purchases, their voids, the catalog
 * and the branches. One topic means one consumer group, one lag to watch and one thing to replay.
 */
export const PURCHASES_TOPIC = 'pos.purchases';

/** Partitions bound how many consumers can share the topic; more than that many ClickHouse replicas would idle. */
export const PURCHASES_TOPIC_PARTITIONS = 8;

/** The consumer group of ClickHouse's Kafka engine. */
export const CLICKHOUSE_CONSUMER_GROUP = 'clickhouse-bronze';

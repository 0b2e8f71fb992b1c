import { CLICKHOUSE_CONSUMER_GROUP } from '@tillstream/schemas/kafka/topics';
import { AssignerProtocol, type Consumer, Kafka, logLevel, type PartitionAssigner } from 'kafkajs';

const TOPIC = 'elsewhere';

/** The group takes nobody who cannot assign partitions the way librdkafka does. This one is never asked to: it joins last. */
const roundRobin: PartitionAssigner = () => ({
  name: 'roundrobin',
  version: 0,
  assign: async ({ members }) =>
    members.map(({ memberId }) => ({
      memberId,
      memberAssignment: AssignerProtocol.MemberAssignment.encode({
        version: 0,
        assignment: {},
        userData: Buffer.alloc(0),
      }),
    })),
  protocol: ({ topics }) => ({
    name: 'roundrobin',
    metadata: AssignerProtocol.MemberMetadata.encode({ version: 0, topics, userData: Buffer.alloc(0) }),
  }),
});

/** Joins the group that ClickHouse reads as, for another topic, so that it takes no message away. */
export const joinGroup = async (brokers: string, clientId = 'stranger'): Promise<Consumer> => {
  const kafka = new Kafka({ clientId, brokers: brokers.split(','), logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: 1 }] });
  await admin.disconnect();
  const consumer = kafka.consumer({
    groupId: CLICKHOUSE_CONSUMER_GROUP,
    partitionAssigners: [roundRobin],
    heartbeatInterval: 500,
  });
  await consumer.connect();
  await consumer.subscribe({ topic: TOPIC });
  const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
  await consumer.run({ eachMessage: async () => undefined });
  await joined;
  return consumer;
};

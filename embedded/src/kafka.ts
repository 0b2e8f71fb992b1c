import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PURCHASES_TOPIC_PARTITIONS } from '@tillstream/schemas/kafka/topics';
import type { Command } from './processes/command.ts';

const FOLDER = fileURLToPath(new URL('../kafka/', import.meta.url));
const CLASSES = path.join(FOLDER, 'lib');

/** Whether the broker can be started here: its classes are there (start.mjs fetches them where Java and Maven are). */
export const kafkaIsInstalled = (): boolean => existsSync(CLASSES) && readdirSync(CLASSES).length > 0;

/** What makes a broker one of several: the cluster's id, and settings in place of those of a lone one. */
export interface Membership {
  clusterId: string;
  settings: Record<string, string>;
  /** Further arguments of `kafka-storage format`, e.g. users that the broker knows from the start. */
  format?: readonly string[];
}

/** A new id for a cluster. */
export const newClusterId = (): string => {
  const id = randomBytes(16);
  // Keeps the first letter off '-', which the tool would take for an option.
  id.writeUInt8(id.readUInt8(0) & 0x7f, 0);
  return id.toString('base64url');
};

/**
 * Prepares a broker in KRaft mode, a lone one unless it is a member of more, and says how to start it. It listens on loopback
 * only, on `port` for clients and `port + 1` for its controller. The first call formats `folder`; later ones find it.
 */
export const prepareKafka = async (
  folder: string,
  port: number,
  { clusterId, settings, format: more = [] }: Membership = { clusterId: newClusterId(), settings: {} },
): Promise<Command> => {
  await mkdir(folder, { recursive: true });
  const properties = path.join(folder, 'server.properties');
  const logs = path.join(folder, 'logs');
  // The last line of a setting counts.
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(properties, serverProperties(port, logs) + lines.join(''));
  if (!existsSync(path.join(logs, 'meta.properties'))) {
    const format = java('kafka.tools.StorageTool', ['format', '-t', clusterId, '-c', properties, ...more]);
    await promisify(execFile)(format.file, format.args);
  }
  return java('kafka.Kafka', [properties], HEAP);
};

/** All of it from the start: what the broker takes then is what it takes after a month. */
const HEAP = ['-Xms128m', '-Xmx128m', '-XX:+AlwaysPreTouch'];

const java = (main: string, args: string[], heap: readonly string[] = []): Command => ({
  file: 'java',
  args: [
    ...heap,
    '-XX:+UseSerialGC',
    // A broker of a few messages a second never needs the optimising compiler; without it the start is shorter.
    '-XX:TieredStopAtLevel=1',
    '-Xshare:auto',
    `-Dlog4j2.configurationFile=${path.join(FOLDER, 'log4j2.xml')}`,
    '-cp',
    `${CLASSES}/*`,
    main,
    ...args,
  ],
});

const serverProperties = (port: number, logs: string) => `
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${port + 1}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${port + 1}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=${logs}
auto.create.topics.enable=false
num.partitions=${PURCHASES_TOPIC_PARTITIONS}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
# A broker that was killed may register again only when its old session has ended: 9 s by default.
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
log.retention.hours=168
log.segment.bytes=134217728
# Only the small topic of the consumers' offsets is compacted: half of the heap, 128 MB, by default.
log.cleaner.dedupe.buffer.size=4194304
`;

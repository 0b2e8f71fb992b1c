import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { requireFreePorts } from './ports.ts';

test('a port that is taken, or is none, is one line that names its setting', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const ask = (wanted: number) =>
    requireFreePorts([{ port: wanted, setting: 'KAFKA_PORT', part: "Kafka's controller (KAFKA_PORT + 1)" }]);
  const line = `port ${port} for Kafka's controller (KAFKA_PORT + 1) is taken: stop what uses it or set KAFKA_PORT to another port`;
  await expect(ask(port)).rejects.toThrow(line);
  server.close();
  await once(server, 'close');
  await ask(port);
  await expect(ask(65_536)).rejects.toThrow(/65536 .* does not exist: set KAFKA_PORT/);
});

import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { logLevel } from 'kafkajs';
import { expect, test, vi } from 'vitest';
import { Kafka } from './kafkajs.ts';

/** Answers each request as a broker that knows no API: what counts here is the connection, which stays open afterwards. */
const startBroker = async () => {
  const server = createServer((socket) =>
    socket.on('data', (request) => {
      const answer = Buffer.alloc(4 + 4 + 2 + 4);
      answer.writeInt32BE(answer.length - 4, 0);
      request.copy(answer, 4, 8, 12);
      socket.write(answer);
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return { server, port: typeof address === 'object' && address !== null ? address.port : 0 };
};

test('a connection without requests sets no timers', async () => {
  const { server, port } = await startBroker();
  const admin = new Kafka({
    brokers: [`127.0.0.1:${port}`],
    logLevel: logLevel.NOTHING,
    retry: { retries: 0 },
  }).admin();
  const connecting = admin.connect().catch(() => undefined);
  await delay(200);
  const timers = vi.spyOn(globalThis, 'setTimeout');
  await delay(200);
  expect(timers.mock.calls.length).toBeLessThan(20);
  timers.mockRestore();
  await admin.disconnect();
  await connecting;
  server.close();
});

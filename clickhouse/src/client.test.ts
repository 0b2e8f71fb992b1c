import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { type ClickHouse, connectClickHouse } from './client.ts';

/** A server that takes every connection and never says anything, as a process that is stopped does. */
let silent: Server;
const sockets = new Set<Socket>();
let clickhouse: ClickHouse;

beforeEach(async () => {
  silent = createServer((socket) => sockets.add(socket));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const address = silent.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  clickhouse = connectClickHouse(`http://127.0.0.1:${address.port}`, 'test');
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await clickhouse.close();
  silent.close();
});

const ask = (limits: { signal?: AbortSignal; timeoutSeconds?: number }) =>
  clickhouse.rows({ name: 'silence', sql: 'SELECT 1', row: z.unknown(), ...limits });

test('a question that nobody answers ends with its signal, though all connections are taken by others', async () => {
  const others = new AbortController();
  const hanging = Array.from({ length: 10 }, () => ask({ signal: others.signal }));
  await expect(ask({ signal: AbortSignal.timeout(50) })).rejects.toThrow(/timeout/i);
  others.abort(new Error('gone'));
  for (const end of await Promise.allSettled(hanging)) expect(end).toMatchObject({ status: 'rejected' });
});

test('without a signal it ends soon after the time that ClickHouse has for it', async () => {
  await expect(ask({ timeoutSeconds: 0.1 })).rejects.toMatchObject({ name: 'TimeoutError' });
  const insert = clickhouse.insertSelect({ name: 'silence', table: 'a', select: 'SELECT 1', timeoutSeconds: 0.1 });
  await expect(insert).rejects.toMatchObject({ name: 'TimeoutError' });
});

test('with a signal that has fired already nothing is asked', async () => {
  await expect(ask({ signal: AbortSignal.abort(new Error('gone')) })).rejects.toThrow('gone');
  expect(sockets.size).toBe(0);
});

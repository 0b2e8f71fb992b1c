import { z } from 'zod';
import type { Run } from '../engine.ts';

/**
 * clickhouse-go asks this first, and reads the answer as a block of the protocol's newest revision; `revision()` in it tells
 * how blocks look from then on. The engine writes blocks of revision 0 only, so this one answer is made here, and says 0.
 */
const HELLO = 'SELECT displayName(), version(), revision(), timezone()';
const TYPES = ['String', 'String', 'UInt32', 'String'] as const;
const answer = z.tuple([z.string(), z.string(), z.string(), z.string()]);

/** Whether a query is that question, of a client that understands blocks with a revision. */
export const isGoHello = (sql: string, protocolVersion: number, format: string): boolean =>
  protocolVersion > 0 && format === 'Native' && sql.trim() === HELLO;

/** The answer to it. */
export const goHello = async (run: Run): Promise<Buffer> => {
  const { bytes } = await run.query("SELECT displayName(), version(), '0', timezone()", 'JSONCompactEachRow');
  const values = answer.parse(JSON.parse(Buffer.from(bytes).toString()));
  const names = HELLO.slice('SELECT '.length).split(', ');
  const columns = TYPES.map((type, n) => [
    text(names[n] ?? ''),
    text(type),
    NO_OWN_SERIALIZATION,
    type === 'UInt32' ? Buffer.alloc(4) : text(values[n] ?? ''),
  ]);
  return Buffer.concat([BLOCK_INFO, Buffer.from([TYPES.length, 1]), ...columns.flat()]);
};

/** Field 1, `is_overflows`: no. Field 2, `bucket_num`: -1. End. */
const BLOCK_INFO = Buffer.from([1, 0, 2, 0xff, 0xff, 0xff, 0xff, 0]);
const NO_OWN_SERIALIZATION = Buffer.from([0]);

/** Less than 128 bytes, so that the length is one byte. */
const text = (value: string): Buffer => {
  const bytes = Buffer.from(value).subarray(0, 127);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
};

import { parseArgs } from 'node:util';
import { benchApi } from './write-api.ts';
import { benchPath } from './write-path.ts';
import { benchRelay } from './write-relay.ts';

const PARTS = ['api', 'relay', 'path'];

/**
 * The way of a purchase: the API beside pgbench, the relay's latency and its drain of a backlog, and what the whole stack
 * sustains. `npm run bench -- write [api] [relay] [path] [--seconds 15] [--backlog 1000000]`; without names all of it.
 */
export const run = async (): Promise<void> => {
  const { values, positionals } = parseArgs({
    args: process.argv.slice(3),
    allowPositionals: true,
    options: { seconds: { type: 'string', default: '15' }, backlog: { type: 'string', default: '1000000' } },
  });
  const [seconds, backlog] = [Number(values.seconds), Number(values.backlog)];
  const unknown = positionals.find((part) => !PARTS.includes(part));
  if (unknown !== undefined || !(seconds >= 1 && seconds <= 600) || !(backlog >= 1 && backlog <= 10_000_000)) {
    throw new Error(`usage: npm run bench -- write [${PARTS.join('] [')}] [--seconds 1–600] [--backlog ROWS]`);
  }
  const wanted = (part: string) => positionals.length === 0 || positionals.includes(part);
  if (wanted('api')) await benchApi(seconds);
  if (wanted('relay')) await benchRelay(seconds, backlog);
  if (wanted('path')) await benchPath(seconds);
};

import { parseArgs } from 'node:util';
import { benchApi } from './api.ts';
import { benchLayers } from './layers/bench-layers.ts';
import { benchMixed } from './mixed.ts';
import { benchOutage } from './outage.ts';
import { benchPath } from './path.ts';
import { benchRelay } from './relay.ts';

/** Without names; the others take minutes and are asked for. */
const USUAL = ['api', 'relay', 'path'];
const PARTS = [...USUAL, 'layers', 'outage', 'mixed'];

/**
 * The way of a purchase: the API beside pgbench, the relay's latency and its drain of a backlog, and what the whole stack
 * sustains; asked for by name, what each layer of the API costs, how long the relay takes to catch up when the broker was
 * away, and what memory and latency do under mixed load.
 * `npm run bench -- write [PART…] [--seconds 15] [--backlog 1000000] [--away 60] [--minutes 20]`
 */
export const run = async (): Promise<void> => {
  const { values, positionals } = parseArgs({
    args: process.argv.slice(3),
    allowPositionals: true,
    options: {
      seconds: { type: 'string', default: '15' },
      backlog: { type: 'string', default: '1000000' },
      away: { type: 'string', default: '60' },
      minutes: { type: 'string', default: '20' },
    },
  });
  const seconds = within('seconds', values.seconds, 600);
  const backlog = within('backlog', values.backlog, 10_000_000);
  const away = within('away', values.away, 600);
  const minutes = within('minutes', values.minutes, 600);
  const unknown = positionals.find((part) => !PARTS.includes(part));
  if (unknown !== undefined) throw new Error(`${unknown}: there is ${PARTS.join(', ')}`);
  const wanted = (part: string) => (positionals.length === 0 ? USUAL : positionals).includes(part);
  if (wanted('api')) await benchApi(seconds);
  if (wanted('relay')) await benchRelay(seconds, backlog);
  if (wanted('path')) await benchPath(seconds);
  if (wanted('layers')) await benchLayers(seconds);
  if (wanted('outage')) await benchOutage(away);
  if (wanted('mixed')) await benchMixed(minutes);
};

const within = (option: string, text: string, most: number): number => {
  const value = Number(text);
  if (!(value >= 1 && value <= most)) throw new Error(`--${option} ${text}: from 1 to ${most}`);
  return value;
};

/** `npm run adopt-books`: makes ClickHouse equal to a Postgres that was restored to an earlier moment. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { connectClickHouse } from '@tillstream/clickhouse/client';
import { connectPostgres } from '@tillstream/pos-api/postgres/database';
import { kafkaOf } from '@tillstream/schemas/kafka/kafka';
import { clickhouseUrl, locationSettings, orExit, postgresUrl, settingsOrExit } from '@tillstream/schemas/settings';
import { z } from 'zod';
import { kafkaBroker } from '../pipeline/kafka.ts';
import { pipelineOver } from '../pipeline/pipeline.ts';
import { adoptBooks, type Differences } from './adopt.ts';

const USAGE = `Usage: npm run adopt-books                            compares Postgres with ClickHouse and changes nothing
       npm run adopt-books -- --apply --save FILE   makes ClickHouse equal to Postgres; purchases that only ClickHouse has go to FILE`;
const TIMEOUT_MS = 60_000;

const optionsOrExit = () => {
  try {
    const { values } = parseArgs({ options: { apply: { type: 'boolean' }, save: { type: 'string' } } });
    return z
      .object({ apply: z.boolean().default(false), save: z.string().min(1).optional() })
      .refine(({ apply, save }) => !apply || save !== undefined)
      .parse(values);
  } catch {
    console.error(USAGE);
    process.exit(1);
  }
};

const linesOf = (differences: Differences): string[] =>
  Object.entries(differences).map(
    ([subject, { lost, extra, different }]) =>
      `  ${subject}: ${lost} only in Postgres, ${extra} only in ClickHouse, ${different} different`,
  );

const options = optionsOrExit();
const settings = settingsOrExit(locationSettings);
const db = connectPostgres(postgresUrl(settings), 'adopt-books', 2);
const clickhouse = connectClickHouse(clickhouseUrl(settings), 'adopt-books');
const kafka = orExit(() => kafkaOf(settings));
const broker = kafka && kafkaBroker(kafka, clickhouse);
const log = {
  warn: () => undefined,
  error: (fields: object, message: string) => console.error(message, JSON.stringify(fields)),
};
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
try {
  const pipeline = pipelineOver(db, broker, TIMEOUT_MS, stopping.signal);
  const save = (events: readonly string[]) => {
    // Refused where the file exists: it may be the only copy of what an earlier run took away.
    if (options.save !== undefined) {
      writeFileSync(options.save, events.map((event) => `${event}\n`).join(''), { flag: 'wx', mode: 0o600 });
    }
  };
  const { found, onlyInClickHouse, left } = await adoptBooks(db, clickhouse, pipeline, log, save, options.apply);
  const lines = linesOf(found);
  console.log(lines.length === 0 ? 'Postgres and ClickHouse are equal.' : `They differ:\n${lines.join('\n')}`);
  if (left === undefined) {
    if (lines.length > 0) console.log(`Nothing was changed.\n${USAGE}`);
  } else if (Object.keys(left).length > 0) {
    console.log(`Not healed:\n${linesOf(left).join('\n')}`);
    process.exitCode = 1;
  } else {
    console.log(`ClickHouse is equal to Postgres; ${onlyInClickHouse} purchases were saved to ${options.save}.`);
  }
} catch (error) {
  console.error(`adopt-books failed: ${error instanceof Error && error.message ? error.message : 'a store is away'}`);
  process.exitCode = 1;
} finally {
  await Promise.all([db.end(), clickhouse.close(), broker?.close()]);
}

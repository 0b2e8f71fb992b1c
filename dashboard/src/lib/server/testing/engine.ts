import { ClickHouseError } from '@clickhouse/client';
import type { ClickHouse, NamedQuery } from '@tillstream/clickhouse/client';
import { migrateClickHouse } from '@tillstream/clickhouse/schema/migrate';
import type { PosEvent } from '@tillstream/schemas/events';
import { Session } from 'chdb';

/** For tests: the real engine in this process with every migration applied. */
export interface Engine extends ClickHouse {
  /** Sends events the way the relay does without a broker; views have run when it returns. */
  send(events: readonly PosEvent[]): Promise<void>;
}

/** The engine's errors as the client over HTTP gives them: their code is part of how questions are asked. */
const asClient = (error: Error & { clickhouseCode?: number }): never => {
  if (error.clickhouseCode === undefined) throw error;
  throw new ClickHouseError({ message: error.message, code: String(error.clickhouseCode), type: 'DB::Exception' });
};

export const startEngine = async (): Promise<Engine> => {
  const session = new Session();
  session.query('SET output_format_json_quote_64bit_integers = 0');
  session.query("SET date_time_output_format = 'iso'");

  const rows = async <Row>({ name, sql, params, row }: NamedQuery<Row>): Promise<Row[]> => {
    const result = await session.queryBindAsync(sql, params ?? {}, { format: 'JSONEachRow' }).catch(asClient);
    const lines = result.text().split('\n').filter(Boolean);
    return lines.map((line) => {
      const parsed = row.safeParse(JSON.parse(line));
      if (parsed.success) return parsed.data;
      throw new Error(`query ${name}: ${parsed.error.message} in ${line}`);
    });
  };

  const insert = async (table: string, values: readonly Record<string, unknown>[]) => {
    const text = values.map((value) => JSON.stringify(value)).join('\n');
    await session.insert({ table, values: Buffer.from(text), format: 'JSONEachRow' });
  };

  const engine: Engine = {
    rows,
    row: async (query) => {
      const [first] = await rows(query);
      if (first === undefined) throw new Error(`query ${query.name} returned no row`);
      return first;
    },
    command: async (sql) => {
      await session.queryAsync(sql);
    },
    insertSelect: async ({ table, select, params }) => {
      await session.queryBindAsync(`INSERT INTO ${table} ${select}`, params ?? {});
      return 0;
    },
    insert,
    close: async () => session.close(),
    send: (events) =>
      insert(
        'bronze.inbox',
        events.map((event) => ({
          payload: JSON.stringify(event),
          topic: 'direct',
          partition: 0,
          offset: 0,
          key: event.subject,
          produced_at: '2026-01-01 00:00:00.000',
        })),
      ),
  };
  await migrateClickHouse(engine, undefined);
  return engine;
};

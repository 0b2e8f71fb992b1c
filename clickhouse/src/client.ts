import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { limited } from '@tillstream/schemas/http/limited';
import type { z } from 'zod';

/** A query with a name, bound parameters and the shape of its rows. */
export interface NamedQuery<Row> {
  /** Stands in ClickHouse's log as `log_comment`, so that a slow query can be traced to its file. */
  name: string;
  /** SQL with `{name:Type}` placeholders; values never enter the text. */
  sql: string;
  params?: Record<string, unknown>;
  row: z.ZodType<Row>;
  /** Seconds after which ClickHouse gives up; a second later, so do we. Default 10. */
  timeoutSeconds?: number;
  signal?: AbortSignal;
}

/** An insert of what a SELECT gives, named and bound like a {@link NamedQuery}. */
export interface InsertSelect {
  name: string;
  table: string;
  select: string;
  params?: Record<string, unknown>;
  /** Default 120. */
  timeoutSeconds?: number;
}

/** ClickHouse ends a query itself; who does not answer even then is not there. */
const GRACE_MS = 1_000;

/** An insert of rows takes milliseconds; one whose fate is unknown is repeated by who sent it. */
const INSERT_MS = 15_000;

/** A statement that defines something. */
const COMMAND_MS = 60_000;
const DAY_MS = 86_400_000;

const misshapen = (query: string, row: number, { issues: [fault] }: z.ZodError): Error =>
  new Error(`query ${query}, row ${row}: ${fault?.path.join('.')}: ${fault?.message}`);

/** ClickHouse as the parts of Tillstream use it. */
export interface ClickHouse {
  /** Rows of a query, checked against its schema. Throws when ClickHouse refuses or a row has another shape. */
  rows<Row>(query: NamedQuery<Row>): Promise<Row[]>;
  /** The one row of a query that always has one. Throws when there is none. */
  row<Row>(query: NamedQuery<Row>): Promise<Row>;
  /** Runs a statement that returns nothing. */
  command(sql: string): Promise<void>;
  /** `INSERT INTO table SELECT …` with bound parameters; gives the number of rows written. */
  insertSelect(insert: InsertSelect): Promise<number>;
  /** Inserts objects whose keys are the table's columns. Throws when that is not acknowledged within seconds. */
  insert(table: string, rows: readonly Record<string, unknown>[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * Connects to ClickHouse over HTTP; user and password stand in the URL when there are any.
 * 64-bit integers come as numbers (counts and cents stay below 2^53), times as ISO 8601.
 */
export const connectClickHouse = (url: string, application: string): ClickHouse => {
  const client: ClickHouseClient = createClient({
    url,
    application,
    // Each statement has its own limit, a shorter one: one that rebuilds a table says nothing for minutes.
    request_timeout: DAY_MS,
    max_open_connections: 10,
    // Callers report what fails, once; the client would print each attempt.
    log: { level: ClickHouseLogLevel.OFF },
    clickhouse_settings: {
      output_format_json_quote_64bit_integers: 0,
      date_time_output_format: 'iso',
    },
  });

  const rows = async <Row>({ name, sql, params, row, timeoutSeconds = 10, signal }: NamedQuery<Row>) =>
    limited(timeoutSeconds * 1_000 + GRACE_MS, signal, async (limit) => {
      const result = await client.query({
        query: sql,
        format: 'JSONEachRow',
        query_params: params,
        abort_signal: limit,
        clickhouse_settings: { log_comment: name, max_execution_time: timeoutSeconds },
      });
      const checked: Row[] = [];
      // Each row when it comes: of a large answer all at once would hold up everything else that this process does.
      for await (const some of result.stream<unknown>()) {
        for (const given of some) {
          const parsed = row.safeParse(given.json());
          if (!parsed.success) throw misshapen(name, checked.length, parsed.error);
          checked.push(parsed.data);
        }
      }
      return checked;
    });

  return {
    rows,
    row: async (query) => {
      const [first] = await rows(query);
      if (first === undefined) throw new Error(`query ${query.name} returned no row`);
      return first;
    },
    command: async (sql) => {
      await limited(COMMAND_MS, undefined, (limit) => client.command({ query: sql, abort_signal: limit }));
    },
    insertSelect: async ({ name, table, select, params, timeoutSeconds = 120 }) => {
      const { summary } = await limited(timeoutSeconds * 1_000 + GRACE_MS, undefined, (limit) =>
        client.command({
          query: `INSERT INTO ${table} ${select}`,
          query_params: params,
          abort_signal: limit,
          clickhouse_settings: { log_comment: name, max_execution_time: timeoutSeconds },
        }),
      );
      return Number(summary?.written_rows ?? 0);
    },
    insert: async (table, values) => {
      await limited(INSERT_MS, undefined, (limit) =>
        client.insert({
          table,
          values,
          format: 'JSONEachRow',
          abort_signal: limit,
          clickhouse_settings: { date_time_input_format: 'best_effort' },
        }),
      );
    },
    close: () => client.close(),
  };
};

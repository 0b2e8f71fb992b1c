import { unlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Session } from 'chdb';
import { writeConfig } from './config.ts';
import { NOTHING, type Outcome } from './outcome.ts';
import { isJsonLines } from './output/formats.ts';
import { OutputPipe } from './output/pipe.ts';
import type { Settings } from './settings.ts';
import { quote, type Statement } from './sql.ts';

/** One request's own session: settings, parameters, role and temporary tables end with it. */
export interface Run {
  /** Runs a statement and gives its whole result in `format`, unless the statement names one. */
  query(sql: string, format: string): Promise<Outcome>;
  /**
   * Runs a SELECT whose result goes to `take` piece by piece, while it is made; false from `take` holds the engine up until
   * `goOn`. `text` is the statement in two parts, between which an INTO OUTFILE clause may stand.
   */
  read(text: [string, string], take: (chunk: Buffer) => boolean): Promise<Outcome>;
  goOn(): void;
  /** Runs an INSERT; `data` is what follows its FORMAT clause (`statement.insert`), in any format. */
  insert(sql: Buffer, statement: Statement): Promise<Outcome>;
  close(): void;
}

export interface Engine {
  /** A fresh session. Opening costs 0.2 ms, so nothing is pooled and nothing leaks from one request to the next. */
  open(): Run;
  /** Cancels the statements whose text begins with `start`; all of them for an empty one. */
  kill(start: string): Promise<void>;
  /** Flushes and stops the engine; may take seconds with streaming tables. */
  close(): void;
}

/** To look through more than that for a blank line takes long enough to be noticed. */
const INLINE_BYTES = 64 * 1024 ** 2;

interface Native {
  InsertRawAsyncConnection(
    connection: unknown,
    prefix: string,
    data: Buffer,
    countLines: boolean,
  ): Promise<{ elapsed: number; rowsWritten: number; bytesWritten: number }>;
}

// The package's own insert() knows a few formats and no expressions; its native call takes any INSERT and tells how
// many rows were written. The file is not among the package's exports, hence the path.
const require = createRequire(import.meta.url);
const native = (
  require(join(require.resolve('chdb'), '..', 'dist', 'loader.js')) as { loadNative(): Native }
).loadNative();

/** Opens the engine on the data folder. Throws when another process has it or the configuration is bad. */
export function openEngine(settings: Settings): Engine {
  const config = writeConfig(settings);
  // While this one is open the engine lives. The log's level counts only as an argument: the engine overwrites the one
  // of its configuration with `trace` (ClickHouse issue 121022).
  const connectionArgs = [`--config-file=${config}`, '--log-level=warning'];
  const keeper = new Session(settings.dataDir, { connectionArgs });
  let spooled = 0;
  let piped = 0;
  const pipes: OutputPipe[] = [];

  return {
    open() {
      const session = new Session(settings.dataDir);
      const spool = () => join(settings.runDir, `insert-${++spooled}`);
      let pipe: OutputPipe | undefined;
      return {
        query: (sql, format) => query(session, sql, format),
        read: async ([before, after], take) => {
          // As many as ever read at once.
          const mine = pipes.pop() ?? new OutputPipe(join(settings.runDir, `output-${++piped}`));
          pipe = mine;
          mine.begin(take);
          try {
            return await query(session, `${before} INTO OUTFILE ${quote(mine.path)} APPEND ${after}`, 'Null');
          } finally {
            mine.end();
            pipe = undefined;
            pipes.push(mine);
          }
        },
        goOn: () => pipe?.goOn(),
        insert: (sql, statement) => insert(session, sql, statement, spool),
        close: () => session.close(),
      };
    },
    async kill(start) {
      await keeper.queryAsync(`KILL QUERY WHERE startsWith(query, ${quote(start)}) ASYNC`);
    },
    close: () => keeper.close(),
  };
}

async function query(session: Session, sql: string, format: string): Promise<Outcome> {
  const result = await session.queryAsync(sql, { format });
  return {
    bytes: result.bytes(),
    elapsed: result.elapsed,
    resultRows: result.rowsRead,
    resultBytes: result.bytesRead,
    writtenRows: 0,
    writtenBytes: 0,
  };
}

async function insert(session: Session, sql: Buffer, statement: Statement, spool: () => string): Promise<Outcome> {
  const place = statement.insert;
  if (!place) return insertRaw(session, sql.toString(), Buffer.from('\n'));
  const data = sql.subarray(place.dataStart);
  if (data.length < 100 && data.every((byte) => byte <= 0x20)) return NOTHING;
  // The engine takes a blank line for the end of inline data and runs what follows as SQL. Only JSON lines without one
  // may go in directly; everything else goes through a file, byte by byte.
  if (data.length <= INLINE_BYTES && isJsonLines(statement.format ?? '') && !data.includes('\n\n')) {
    return insertRaw(session, sql.toString('utf8', 0, place.dataStart), data);
  }
  const path = spool();
  const head = sql.toString('utf8', 0, place.sourceEnd);
  const clauses = sql.toString('utf8', place.sourceEnd, place.dataStart).replace(/;\s*$/, '');
  const tail = place.isValues ? clauses.replace(/VALUES$/i, 'FORMAT Values') : clauses;
  // One line break after the format's name belongs to the query, as in ClickHouse.
  const start = /^[ \t]*\r?\n/.exec(data.toString('latin1', 0, 100))?.[0].length ?? 0;
  try {
    await writeFile(path, data.subarray(start));
    return await insertRaw(session, `${head} FROM INFILE ${quote(path)} ${tail}`, Buffer.alloc(0));
  } finally {
    await unlink(path).catch(() => {});
  }
}

async function insertRaw(session: Session, prefix: string, data: Buffer): Promise<Outcome> {
  const result = await native.InsertRawAsyncConnection(session.connection, prefix, data, false);
  return {
    ...NOTHING,
    elapsed: result.elapsed,
    writtenRows: result.rowsWritten,
    writtenBytes: result.bytesWritten,
  };
}

import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { type Row, RowSplitter } from './rows.ts';

/** A file that is not what it should be. Its message is one line for the operator and names the file. */
export class FileFault extends Error {}

const PIECE = 256 * 1024;
const LF = 10;

/** The bytes at the end of a piece that may be the beginning of a character. */
const unfinished = (bytes: Buffer): number => {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return back < length ? back : 0;
    }
  }
  return 0;
};

/** The length of the longest beginning that is UTF-8. */
const validLength = (bytes: Buffer): number => {
  let [good, bad] = [0, bytes.length];
  // A beginning that ends inside a character is as good as one without that character.
  const valid = (length: number) => {
    const beginning = bytes.subarray(0, length);
    return isUtf8(beginning.subarray(0, length - unfinished(beginning)));
  };
  while (good < bad) {
    const middle = Math.ceil((good + bad) / 2);
    if (valid(middle)) good = middle;
    else bad = middle - 1;
  }
  const beginning = bytes.subarray(0, good);
  return good - unfinished(beginning);
};

const countLines = (bytes: Buffer): number => {
  let lines = 0;
  for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, at + 1)) lines++;
  return lines;
};

/** Throws a FileFault that names the first byte and line that are not UTF-8. Runs at about the speed of the disk. */
const checkUtf8 = async (path: string, signal?: AbortSignal) => {
  let before = 0;
  let rest: Buffer = Buffer.alloc(0);
  const fault = async (bytes: Buffer): Promise<never> => {
    const good = validLength(bytes);
    let lines = 1;
    // Lines are counted only now: the file is nearly always fine.
    const end = before + good;
    if (end > 0) for await (const piece of createReadStream(path, { end: end - 1 })) lines += countLines(piece);
    throw new FileFault(`${path}: is not UTF-8 (byte ${end + 1}, on line ${lines}); save it as UTF-8 and try again`);
  };
  for await (const piece of createReadStream(path, { highWaterMark: 4 * PIECE, signal })) {
    const bytes: Buffer = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    const whole = bytes.length - unfinished(bytes);
    if (!isUtf8(bytes.subarray(0, whole))) await fault(bytes);
    before += whole;
    rest = bytes.subarray(whole);
  }
  if (rest.length > 0) await fault(rest);
};

/** The size in bytes of a file that can be read; throws a FileFault when it cannot. */
const checkReadable = async (path: string): Promise<number> => {
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    const about = await file.stat();
    if (about.isDirectory()) throw new FileFault(`${path}: is a folder, not a file`);
    if (!about.isFile()) throw new FileFault(`${path}: is not a regular file`);
    if (about.size === 0) throw new FileFault(`${path}: is empty`);
    return about.size;
  } catch (error) {
    if (error instanceof FileFault || !(error instanceof Error)) throw error;
    const code = 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new FileFault(`${path}: there is no such file`);
    if (code === 'EACCES' || code === 'EPERM') throw new FileFault(`${path}: may not be read`);
    throw new FileFault(`${path}: ${error.message}`);
  } finally {
    await file?.close();
  }
};

/** The rows of a file, blank lines and a BOM left out, a piece of the file at a time. */
async function* readRows(path: string, onBytes?: (bytes: number) => void, signal?: AbortSignal) {
  const splitter = new RowSplitter();
  const decoder = new StringDecoder('utf8');
  let first = true;
  for await (const piece of createReadStream(path, { highWaterMark: PIECE, signal })) {
    const bytes: Buffer = piece;
    let text = decoder.write(bytes);
    if (first && text.length > 0) {
      if (text.startsWith('\uFEFF')) text = text.slice(1);
      first = false;
    }
    onBytes?.(bytes.length);
    yield splitter.push(text);
  }
  yield [...splitter.push(decoder.end()), ...splitter.end()];
}

/** A CSV file whose header is right. */
export interface CsvFile<Column extends string> {
  path: string;
  /** Bytes. */
  size: number;
  /** Fields that each row must have. */
  width: number;
  /** Where each column stands in a row. */
  at: Record<Column, number>;
  /** The rows after the header, a piece of the file at a time; reading waits for whoever takes them. */
  rows(onBytes?: (bytes: number) => void, signal?: AbortSignal): AsyncGenerator<Row[]>;
}

/**
 * Looks at a whole CSV file before anything is done with it: readable, UTF-8, and a header with the columns, which may
 * stand in any order, in any case and among others. Throws a {@link FileFault} otherwise.
 */
export const openCsv = async <Column extends string>(
  path: string,
  columns: readonly Column[],
  signal?: AbortSignal,
): Promise<CsvFile<Column>> => {
  const size = await checkReadable(path);
  await checkUtf8(path, signal);

  let header: Row | undefined;
  for await (const rows of readRows(path, undefined, signal)) {
    header = rows[0];
    if (header !== undefined) break;
  }
  if (header === undefined) throw new FileFault(`${path}: is empty`);
  if (header.fields === undefined)
    throw new FileFault(`${path}, line ${header.line}: the header is broken: ${header.fault}`);
  const names = header.fields.map((field) => field.trim().toLowerCase());
  const missing = columns.filter((column) => !names.includes(column));
  if (missing.length > 0) {
    throw new FileFault(
      `${path}, line ${header.line}: the header lacks ${missing.join(', ')}; it must name ${columns.join(',')}`,
    );
  }
  const twice = columns.find((column) => names.indexOf(column) !== names.lastIndexOf(column));
  if (twice !== undefined) throw new FileFault(`${path}, line ${header.line}: the header names ${twice} twice`);

  return {
    path,
    size,
    width: names.length,
    at: Object.fromEntries(columns.map((column) => [column, names.indexOf(column)])) as Record<Column, number>,
    async *rows(onBytes, rowsSignal) {
      let headerSeen = false;
      for await (const rows of readRows(path, onBytes, rowsSignal)) {
        if (headerSeen || rows.length === 0) yield rows;
        else {
          headerSeen = true;
          yield rows.slice(1);
        }
      }
    },
  };
};

/** Why a row does not fit its file's header; undefined when it does. */
export const widthFault = (row: Row, width: number): string | undefined => {
  if (row.fields === undefined) return row.fault;
  if (row.fields.length === width) return undefined;
  return `${row.fields.length} columns where the header has ${width}`;
};

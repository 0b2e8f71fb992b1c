import { createReadStream } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { checkFile, FileFault } from './check-file.ts';
import type { Reason } from './reasons.ts';
import { type Row, RowSplitter } from './rows.ts';

const PIECE = 256 * 1024;

/** What may separate columns, in the order in which a header is tried. */
const SEPARATORS = [',', ';', '\t'] as const;

/** A CSV file whose header is right. */
export interface CsvFile<Required extends string, Optional extends string = never> {
  path: string;
  /** Bytes. */
  size: number;
  /** SHA-256 of its content, hex. */
  sha256: string;
  /** Fields that each row must have. */
  width: number;
  /** Where each column stands in a row. */
  at: Record<Required, number> & Partial<Record<Optional, number>>;
  /** The columns that nobody asked for, by name as the header has it. */
  extra: { name: string; at: number }[];
  /** The rows after the header, a piece of the file at a time; reading waits for whoever takes them. */
  rows(onBytes?: (bytes: number) => void, signal?: AbortSignal): AsyncGenerator<Row[]>;
}

/**
 * Looks at a whole CSV file before anything is done with it: readable, UTF-8, and a header with the columns, which may
 * stand in any order, in any case and among others. What separates them is found from the header where it is not
 * given. Throws a
 * {@link FileFault} otherwise.
 */
export const openCsv = async <Required extends string, Optional extends string = never>(
  path: string,
  columns: readonly Required[],
  {
    optional = [],
    signal,
    separator: given,
  }: { optional?: readonly Optional[]; signal?: AbortSignal | undefined; separator?: string | undefined } = {},
): Promise<CsvFile<Required, Optional>> => {
  const { size, sha256 } = await checkFile(path, signal);
  const { separator, header, names, missing } = await readHeader(
    path,
    columns,
    given === undefined ? SEPARATORS : [given],
    signal,
  );
  const place = `${path}, line ${header.line}`;
  if (header.fields === undefined) throw new FileFault(`${place}: the header is broken: ${header.fault}`);
  if (missing.length > 0) {
    throw new FileFault(`${place}: the header lacks ${missing.join(', ')}; it must name ${columns.join(',')}`);
  }
  const asked: readonly string[] = [...columns, ...optional];
  const twice = asked.find((column) => names.indexOf(column) !== names.lastIndexOf(column));
  if (twice !== undefined) throw new FileFault(`${place}: the header names ${twice} twice`);

  const standing = asked.filter((column) => names.includes(column));
  return {
    path,
    size,
    sha256,
    width: names.length,
    at: Object.fromEntries(standing.map((column) => [column, names.indexOf(column)])) as CsvFile<
      Required,
      Optional
    >['at'],
    extra: header.fields
      .map((field, at) => ({ name: field.trim() || `column ${at + 1}`, at }))
      .filter(({ at }) => !asked.includes(names[at] ?? '')),
    async *rows(onBytes, rowsSignal) {
      let headerSeen = false;
      for await (const rows of readRows(path, separator, onBytes, rowsSignal)) {
        if (headerSeen || rows.length === 0) yield rows;
        else {
          headerSeen = true;
          yield rows.slice(1);
        }
      }
    },
  };
};

/** The header, read with the separator that finds the most of the columns. */
const readHeader = async (
  path: string,
  columns: readonly string[],
  [first, ...others]: readonly [string, ...string[]],
  signal: AbortSignal | undefined,
) => {
  const read = async (separator: string) => {
    for await (const [header] of readRows(path, separator, undefined, signal)) {
      if (header === undefined) continue;
      const names = header.fields?.map((field) => field.trim().toLowerCase()) ?? [];
      return { separator, header, names, missing: columns.filter((column) => !names.includes(column)) };
    }
    throw new FileFault(`${path}: is empty`);
  };
  let best = await read(first);
  for (const separator of others) {
    if (best.missing.length === 0) break;
    const other = await read(separator);
    if (other.missing.length < best.missing.length) best = other;
  }
  return best;
};

/** The rows of a file, blank lines and a BOM left out, a piece of the file at a time. */
async function* readRows(
  path: string,
  separator: string,
  onBytes?: (bytes: number) => void,
  signal?: AbortSignal,
): AsyncGenerator<Row[]> {
  const splitter = new RowSplitter(separator);
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

/** Why a row does not fit its file's header; undefined when it does. */
export const widthFault = (row: Row, width: number): Reason | undefined => {
  if (row.fields === undefined) return { kind: row.fault ?? 'the row cannot be read' };
  if (row.fields.length === width) return undefined;
  return { kind: "the number of columns is not the header's:", detail: `${row.fields.length}, not ${width}` };
};

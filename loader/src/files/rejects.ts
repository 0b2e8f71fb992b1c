import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { REJECT_COLUMNS } from '@tillstream/schemas/files';
import Papa from 'papaparse';
import { type Reason, reasonText } from './reasons.ts';

/** What a spreadsheet takes for a formula. Papa's own pattern misses a text of several lines. */
const FORMULA = /^[=+\-@\t\r]/;

/** Where the rows that could not be loaded are written, with their reasons. */
export interface RejectFile {
  path: string;
  /** Adds a row; `line` is where it began. */
  add(line: number, reasons: readonly Reason[], text: string): void;
  /** Writes what has been added. The caller waits for it now and then, so that memory is bounded. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/**
 * The reject file of a purchases file. It belongs to one run: what an earlier run left is removed at once, and the file
 * comes into being with the first reject. What a spreadsheet would take for a formula has an apostrophe before it. Throws when the
 * folder cannot be written.
 */
export const openRejects = async (folder: string, purchasesFile: string): Promise<RejectFile> => {
  const path = join(folder, `${basename(purchasesFile)}.rejects.csv`);
  await mkdir(folder, { recursive: true });
  await rm(path, { force: true });

  let file: FileHandle | undefined;
  let waiting: [number, string, string][] = [];
  let writing = Promise.resolve();
  const write = async () => {
    if (waiting.length === 0) return;
    const rows = waiting;
    waiting = [];
    if (file === undefined) {
      file = await open(path, 'w');
      await file.appendFile(`${REJECT_COLUMNS.join(',')}\n`);
    }
    await file.appendFile(`${Papa.unparse(rows, { newline: '\n', escapeFormulae: FORMULA })}\n`);
  };
  const flush = () => {
    // One after the other, whoever asks: rows must not interleave.
    writing = writing.then(write);
    return writing;
  };
  return {
    path,
    add: (line, reasons, text) => {
      waiting.push([line, reasons.map(reasonText).join('; '), text]);
    },
    flush,
    close: async () => {
      await flush();
      await file?.close();
    },
  };
};

/** A rejected row, by its line. */
export interface RejectedRow {
  line: number;
  reason: string;
  text: string;
}

/** Examples of a kind of reason that are kept. */
const EXAMPLES = 3;

/** What stands in for a reject file where nothing may be written: keeps the first rows of each kind of reason. */
export const rejectExamples = (into: RejectedRow[]): RejectFile => {
  const seen = new Map<string, number>();
  return {
    path: '',
    add: (line, reasons, text) => {
      const kind = reasons[0]?.kind ?? '';
      const count = (seen.get(kind) ?? 0) + 1;
      seen.set(kind, count);
      if (count <= EXAMPLES) into.push({ line, reason: reasons.map(reasonText).join('; '), text });
    },
    flush: async () => {},
    close: async () => {},
  };
};

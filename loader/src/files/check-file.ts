import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** A file that is not what it should be. Its message is one line for the operator and names the file. */
export class FileFault extends Error {}

const PIECE = 1024 * 1024;
const LF = 10;

/** What a file is, whatever stands in it. */
export interface CheckedFile {
  /** Bytes. */
  size: number;
  /** SHA-256 of its bytes, hex: the identity of its content. */
  sha256: string;
}

/** Reads a whole file once: throws a {@link FileFault} unless it can be read, is not empty and is UTF-8. */
export const checkFile = async (path: string, signal?: AbortSignal): Promise<CheckedFile> => ({
  size: await checkReadable(path),
  sha256: await checkUtf8(path, signal),
});

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

/** The SHA-256 of a file. Throws a FileFault that names the first byte and line that are not UTF-8. */
const checkUtf8 = async (path: string, signal?: AbortSignal): Promise<string> => {
  const hash = createHash('sha256');
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
  for await (const piece of createReadStream(path, { highWaterMark: PIECE, signal })) {
    hash.update(piece);
    const bytes: Buffer = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    const whole = bytes.length - unfinished(bytes);
    if (!isUtf8(bytes.subarray(0, whole))) await fault(bytes);
    before += whole;
    rest = bytes.subarray(whole);
  }
  if (rest.length > 0) await fault(rest);
  return hash.digest('hex');
};

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

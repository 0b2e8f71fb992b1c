import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

/**
 * Asks on the terminal and reads a line that is not shown.
 *
 * @throws when it is broken off by Ctrl-C or Ctrl-D
 */
const askSecret = (question: string): Promise<string> => {
  process.stderr.write(question);
  // What is typed would be echoed here.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true, historySize: 0 });
  return new Promise((resolve, reject) => {
    terminal.once('line', resolve);
    terminal.once('SIGINT', () => terminal.close());
    terminal.once('close', () => reject(new Error('broken off: nothing has changed')));
    terminal.once('line', () => terminal.close());
  }).finally(() => process.stderr.write('\n')) as Promise<string>;
};

/** A secret that is asked for: what it is for the person, and what is wrong with one (undefined: nothing). */
interface Wanted {
  name: string;
  what: string;
  fault: (secret: string) => string | undefined;
}

/**
 * Secrets from the terminal, unseen and each twice; or from what is piped in, a line each. Never from the command line, which others
 * see.
 *
 * @returns them by name
 * @throws when one will not do, or the two are not the same
 */
export const readSecrets = async (wanted: readonly Wanted[]): Promise<Record<string, string>> => {
  const piped = process.stdin.isTTY ? undefined : await linesOf(process.stdin, wanted.length);
  const secrets: Record<string, string> = {};
  for (const [index, { name, what, fault }] of wanted.entries()) {
    const secret = piped === undefined ? await askSecret(`New ${what}: `) : (piped[index] ?? '');
    const wrong = fault(secret);
    if (wrong !== undefined) throw new Error(wrong);
    if (piped === undefined && (await askSecret('Once more: ')) !== secret)
      throw new Error('the two are not the same: nothing has changed');
    secrets[name] = secret;
  }
  return secrets;
};

const linesOf = async (input: NodeJS.ReadableStream, most: number): Promise<string[]> => {
  const found: string[] = [];
  if (most === 0) return found;
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    found.push(line);
    if (found.length === most) break;
  }
  return found;
};

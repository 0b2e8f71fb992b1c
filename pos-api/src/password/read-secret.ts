import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

/** The first line of a stream, e.g. of standard input that is piped; empty when it has none. */
export const firstLine = async (input: NodeJS.ReadableStream): Promise<string> => {
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  for await (const line of lines) return line;
  return '';
};

/**
 * Asks on the terminal and reads a line that is not shown.
 *
 * @throws when it is broken off by Ctrl-C or Ctrl-D
 */
export const askSecret = (question: string): Promise<string> => {
  process.stderr.write(question);
  // What is typed would be echoed here.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true, historySize: 0 });
  return new Promise((resolve, reject) => {
    terminal.once('line', resolve);
    terminal.once('SIGINT', () => terminal.close());
    terminal.once('close', () => reject(new Error('broken off: the password is as it was')));
    terminal.once('line', () => terminal.close());
  }).finally(() => process.stderr.write('\n')) as Promise<string>;
};

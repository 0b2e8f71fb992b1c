import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Passwords, passwordsFile, readPasswords } from '@tillstream/schemas/credentials/own-passwords';
import { z } from 'zod';

/** What a state folder holds: demo data never meets anybody's own. */
const stateFile = z.object({
  data: z.enum(['demo', 'own']),
  /** Whether the data that the first start brought is in Postgres whole. */
  loaded: z.boolean(),
});

export type State = z.output<typeof stateFile>;

/** The state folder: databases, broker, logs, rejects and a note of what it holds. */
export class StateFolder {
  readonly path: string;
  readonly #file: string;

  constructor(folder: string) {
    this.path = path.resolve(folder);
    this.#file = path.join(this.path, 'state.json');
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
    mkdirSync(this.logs, { recursive: true });
  }

  get logs(): string {
    return this.inside('logs');
  }

  inside(name: string): string {
    return path.join(this.path, name);
  }

  /**
   * The passwords of the embedded stores; `isNew` where Postgres's was not kept yet, and a cluster that is there has
   * another.
   */
  passwords(): { passwords: Required<Passwords>; isNew: boolean } {
    const known = readPasswords(this.path);
    const make = () => randomBytes(24).toString('base64url');
    const passwords = { postgres: known?.postgres ?? make(), clickhouse: known?.clickhouse ?? make() };
    return { passwords, isNew: known?.postgres === undefined };
  }

  /** Keeps passwords for the next start and the commands, readable for nobody else. */
  keepPasswords(passwords: Passwords): void {
    const file = passwordsFile(this.path);
    writeFileSync(`${file}.new`, `${JSON.stringify(passwords, null, 2)}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }

  /** Lets other users pass through, as those whom root lends to the parts must; what they may read is on each folder. */
  letPass(): void {
    chmodSync(this.path, statSync(this.path).mode | 0o011);
  }

  /** What it holds; undefined when it is new. Throws when the note cannot be read. */
  read(): State | undefined {
    if (!existsSync(this.#file)) return undefined;
    try {
      return stateFile.parse(JSON.parse(readFileSync(this.#file, 'utf8')));
    } catch {
      throw new Error(`${this.#file} cannot be read: restore it, or empty the folder with npm run reset`);
    }
  }

  write(state: State): void {
    writeFileSync(this.#file, `${JSON.stringify(state)}\n`);
  }
}

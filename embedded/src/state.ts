import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
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
    mkdirSync(this.logs, { recursive: true });
  }

  get logs(): string {
    return this.inside('logs');
  }

  inside(name: string): string {
    return path.join(this.path, name);
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

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

const passwords = z.object({
  /** Absent where the embedded Postgres was never started. */
  postgres: z.string().min(1).optional(),
  clickhouse: z.string().min(1),
});

/** Passwords of the embedded stores: Postgres's superuser and ClickHouse's `default`. */
export type Passwords = z.output<typeof passwords>;

/** The file of a state folder that holds them; `npm start` makes it, for its owner's eyes only. */
export const passwordsFile = (stateFolder: string): string => path.join(stateFolder, 'passwords.json');

/** The passwords of a state folder; undefined before its first start. Throws when the file cannot be read. */
export const readPasswords = (stateFolder: string): Passwords | undefined => {
  const file = passwordsFile(stateFolder);
  if (!existsSync(file)) return undefined;
  try {
    return passwords.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    throw new Error(`${path.resolve(file)} cannot be read${why}; npm start makes a new one when it is gone`);
  }
};

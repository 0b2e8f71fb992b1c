import { type LoadFilesOptions, type LoadSummary, loadFiles } from './load-files.ts';
import { postgresStore } from './postgres.ts';
import { LANES } from './record/lanes.ts';

export { FileFault } from './files/check-file.ts';
export type { LoadSummary } from './load-files.ts';
export type { Progress } from './record/recorder.ts';

export interface LoadOptions extends LoadFilesOptions {
  postgresUrl: string;
}

/** Loads CSV files into Postgres, whose schema must be there; see {@link loadFiles} for what it promises and throws. */
export const load = async ({ postgresUrl, ...options }: LoadOptions): Promise<LoadSummary> => {
  const store = postgresStore(postgresUrl, LANES);
  try {
    return await loadFiles(store, options);
  } finally {
    // After an interruption a batch may hang in a Postgres that does not answer: nothing waits for it.
    const closed = store.close();
    if (options.signal?.aborted) closed.catch(() => {});
    else await closed;
  }
};

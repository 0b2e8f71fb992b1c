import { postgresStore } from './postgres.ts';
import { LANES, type LoadFilesOptions, type LoadSummary, loadFiles } from './purchases/load-files.ts';

export { FileFault } from './files/csv-file.ts';
export type { LoadSummary, Progress } from './purchases/load-files.ts';

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

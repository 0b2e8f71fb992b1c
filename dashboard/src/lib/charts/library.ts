type Library = typeof import('./chartjs.ts');

let library: Library | undefined;

/** What draws charts: fetched once, by the first chart that is seen. */
export const loadLibrary = async (): Promise<Library> => {
  library ??= await import('./chartjs.ts');
  return library;
};

/** The same without waiting; undefined while it was never fetched. */
export const loadedLibrary = (): Library | undefined => library;

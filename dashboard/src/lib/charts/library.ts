type Library = typeof import('./chartjs.ts');

let library: Library | undefined;

/** What draws charts: fetched once, by the first chart that is seen. */
export const loadLibrary = async (): Promise<Library> => {
  if (library === undefined) {
    const loaded = await import('./chartjs.ts');
    // Evaluating it and drawing with it are two tasks: a finger in between is answered.
    await new Promise((resolve) => setTimeout(resolve));
    library = loaded;
  }
  return library;
};

/** The same without waiting; undefined while it was never fetched. */
export const loadedLibrary = (): Library | undefined => library;

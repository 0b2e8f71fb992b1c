import { setFlagsFromString } from 'node:v8';

/**
 * Keeps V8 from making objects of busy places old from the start (allocation-site pretenuring). It takes places whose
 * objects happened to outlive two collections while the process warmed up, such as what a request in flight holds; but
 * requests are over in milliseconds, and the old heap then fills with the dead and is marked all the time, which takes both
 * cores for tens of milliseconds. At 3,650 purchases a second 42 kB grew old with each collection of the young, and 10 kB do
 * without it.
 */
export const keepYoungObjectsYoung = (): void => setFlagsFromString('--no-allocation-site-pretenuring');

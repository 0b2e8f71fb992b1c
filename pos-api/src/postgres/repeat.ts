import { gaveWay } from './database.ts';

const ATTEMPTS = 5;

/** What a call answers that other transactions may get in the way of: it is made again, a few times. Throws what the last one threw. */
export const repeated = async <T>(call: () => Promise<T>): Promise<T> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      if (attempt === ATTEMPTS || !gaveWay(error)) throw error;
    }
  }
};

import { newPlace, removePlace, startStack } from '../support/stack.ts';

const WARM_STARTS = 3;

/** How long `npm start` takes on a new state folder (everything installed), then again on the same. */
export const run = async (): Promise<void> => {
  const place = await newPlace();
  try {
    for (let n = 0; n <= WARM_STARTS; n++) {
      const stack = await startStack(place, ['--no-tills']);
      console.log(`${n === 0 ? 'new folder, demo data loaded' : 'warm'}: ready after ${stack.readyAfter.toFixed(1)} s`);
      const began = performance.now();
      await stack.stop();
      console.log(`  Ctrl-C: stopped after ${((performance.now() - began) / 1000).toFixed(1)} s`);
    }
  } finally {
    removePlace(place);
  }
};

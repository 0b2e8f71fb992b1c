import { expect, test } from 'vitest';
import { mayTakeAway } from './removal.ts';

test.each([
  [1, 0, 0, true],
  [10, 0, 0, true],
  [11, 500, 0, false],
  [11, 1_100, 0, true],
  [50, 5_000, 50, true],
  [50, 5_000, 51, false],
  [1, 1_000_000, 100, false],
  [5_000, 1_000_000, 0, false],
])('of %i extra among %i, %i gone since yesterday: may they be taken away? %s', (extra, compared, takenAway, may) => {
  expect(mayTakeAway(extra, compared, takenAway)).toBe(may);
});

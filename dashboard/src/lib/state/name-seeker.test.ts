import { expect, test, vi } from 'vitest';
import { createNameSeeker } from './name-seeker.ts';

vi.mock('$app/navigation', () => ({ invalidate: vi.fn() }));

test('names are fetched once for an id that has none, and again only after a while', () => {
  let now = 0;
  const fetchNames = vi.fn(async () => {});
  const seek = createNameSeeker(fetchNames, () => now);
  const known = new Set(['SMKT001']);

  seek(['SMKT001'], known);
  expect(fetchNames).toHaveBeenCalledTimes(0);

  for (now = 0; now < 10_000; now += 1_000) seek(['SMKT001', 'SMKT002'], known);
  expect(fetchNames).toHaveBeenCalledTimes(1);

  seek(['SMKT001', 'SMKT002'], known);
  expect(fetchNames).toHaveBeenCalledTimes(2);

  seek(['SMKT001', 'SMKT002', 'SMKT003'], known);
  expect(fetchNames).toHaveBeenCalledTimes(3);

  seek(['SMKT002', 'SMKT003'], new Set(['SMKT001', 'SMKT002', 'SMKT003']));
  expect(fetchNames).toHaveBeenCalledTimes(3);
});

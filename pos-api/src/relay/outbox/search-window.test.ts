import { expect, test } from 'vitest';
import { SearchWindow } from './search-window.ts';

const look = (window: SearchWindow, now: number, highest: number, isBacklog = false, tookMs = 1) => {
  const from = window.next(now);
  window.looked({ from, highest, isBacklog, tookMs, now });
  return from;
};

test('begins at the beginning, then shortly below what was claimed last', () => {
  const window = new SearchWindow();
  expect(look(window, 0, 10_000)).toBe(0);
  expect(look(window, 1, 10_500)).toBe(8_000);
  expect(look(window, 2, 0)).toBe(8_500);
});

test('sweeps from the beginning again, the rarer the longer that takes', () => {
  const window = new SearchWindow();
  look(window, 0, 10_000);
  expect(window.next(499)).toBe(8_000);
  expect(look(window, 500, 0, false, 200)).toBe(0);
  expect(window.next(4_499)).toBe(8_000);
  expect(window.next(4_500)).toBe(0);
});

test('a sweep that finds a backlog far below is followed up from there', () => {
  const window = new SearchWindow();
  look(window, 0, 1_000_000);
  expect(look(window, 600, 4_000, true)).toBe(0);
  expect(look(window, 601, 8_000, true)).toBe(2_000);
  expect(look(window, 602, 12_000, true)).toBe(6_000);
});

import { expect, test } from 'vitest';
import { changeWords } from './change-words.ts';
import { createFormat } from './format.ts';

const words = (now: number, before: number) =>
  changeWords(now, before, createFormat({ currency: 'EUR', timeZone: 'UTC' }));

test('a change in a table says where it goes, and never 0 % for what has changed', () => {
  expect(words(103, 100)).toBe('▲ 3 %');
  expect(words(97, 100)).toBe('▼ 3 %');
  expect(words(1_001, 1_000)).toBe('▲ under 1 %');
  expect(words(999, 1_000)).toBe('▼ under 1 %');
  expect(words(250_000, 1)).toBe('▲ 24,999,900 %');
});

test('without a figure before or now there is no share to tell', () => {
  expect(words(3, 0)).toBe('new');
  expect(words(3, 3)).toBe('same');
  expect(words(0, 0)).toBe('same');
  expect(words(0, 3)).toBe('none now');
});

import { expect, test } from 'vitest';
import { lowestIdAt } from '../facts/purchase-scope.ts';
import { inPieces, slotList, uuidList } from './sql-lists.ts';

test('only UUIDs and slots get into the text of a query', () => {
  expect(uuidList(['0198c0de-0000-7000-8000-000000000001'])).toBe("('0198c0de-0000-7000-8000-000000000001')");
  expect(uuidList([])).toBe('(NULL)');
  expect(() => uuidList(["') OR 1 --"])).toThrow('not a UUID');
  expect(() => slotList([900.5])).toThrow('not a slot');
  expect(() => slotList([-900])).toThrow('not a slot');
});

test('pieces hold everything once, in order', () => {
  expect(inPieces([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
  expect(inPieces([], 2)).toEqual([]);
});

test('the lowest id at a moment begins with its milliseconds', () => {
  expect(lowestIdAt(Date.parse('2026-03-01T10:00:00.000Z'))).toMatch(
    /^019ca8d3-6e00-0000-|^[0-9a-f]{8}-[0-9a-f]{4}-0000-/,
  );
  expect(Number.parseInt(lowestIdAt(1_772_359_200_000).replaceAll('-', '').slice(0, 12), 16)).toBe(1_772_359_200_000);
});

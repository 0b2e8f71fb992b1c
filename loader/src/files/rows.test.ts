import fc from 'fast-check';
import Papa from 'papaparse';
import { describe, expect, test } from 'vitest';
import { MAX_ROW_LENGTH, RowSplitter } from './rows.ts';

/** Splits a text that arrives in pieces of the given length. */
const split = (text: string, piece = text.length || 1) => {
  const splitter = new RowSplitter();
  const rows = [];
  for (let at = 0; at < text.length; at += piece) rows.push(...splitter.push(text.slice(at, at + piece)));
  return [...rows, ...splitter.end()];
};
const short = (text: string) => split(text).map(({ line, fields }) => [line, fields]);

describe('splits', () => {
  test.each([
    [
      'a,b\nc,d\n',
      [
        [1, ['a', 'b']],
        [2, ['c', 'd']],
      ],
    ],
    [
      'a,b\r\nc,d',
      [
        [1, ['a', 'b']],
        [2, ['c', 'd']],
      ],
    ],
    [
      'a,"b,c"\r\n"d","e"\r\n',
      [
        [1, ['a', 'b,c']],
        [2, ['d', 'e']],
      ],
    ],
    ['"a ""b""",""\n', [[1, ['a "b"', '']]]],
    [
      '\n\r\n  \na\n\nb\n',
      [
        [4, ['a']],
        [6, ['b']],
      ],
    ],
    [
      'a,"b\nc\r\nd"\ne\n',
      [
        [1, ['a', 'b\nc\r\nd']],
        [4, ['e']],
      ],
    ],
    [
      '5" pizza,b\nc,d\n',
      [
        [1, ['5" pizza', 'b']],
        [2, ['c', 'd']],
      ],
    ],
    [',\n', [[1, ['', '']]]],
    ['', []],
  ])('%j', (text, expected) => expect(short(text)).toEqual(expected));
});

describe('a broken quote costs its own line only', () => {
  test.each([
    [
      'a,"b\nc,"d"\ne\n',
      [
        [1, undefined],
        [2, ['c', 'd']],
        [3, ['e']],
      ],
    ],
    ['a,"b', [[1, undefined]]],
    [
      'a,"b\nc\n',
      [
        [1, undefined],
        [2, ['c']],
      ],
    ],
    [
      'a,"b"c\r\nd\n',
      [
        [1, undefined],
        [2, ['d']],
      ],
    ],
  ])('%j', (text, expected) => expect(short(text)).toEqual(expected));

  test('says so, with the line as it stands', () => {
    expect(split('x\na,"b\r\nc,"d"\n')[1]).toMatchObject({
      line: 2,
      text: 'a,"b',
      fault: expect.stringContaining('quote'),
    });
  });

  test('and never takes more than a bounded part of the file', () => {
    const rest = 'c,d\n'.repeat(MAX_ROW_LENGTH);
    const rows = split(`a,"b\n${rest}`, 65_536);
    expect(rows.length).toBe(1 + MAX_ROW_LENGTH);
    expect(rows[0]).toMatchObject({ line: 1, fields: undefined });
    expect(rows.at(-1)).toMatchObject({ line: 1 + MAX_ROW_LENGTH, fields: ['c', 'd'] });
  });
});

test('a line that never ends is answered for once, and the next row has its right number', () => {
  const rows = split(`a\n${'x'.repeat(3 * MAX_ROW_LENGTH)}\nb\n`, 65_536);
  expect(rows.map(({ line, fields }) => [line, fields])).toEqual([
    [1, ['a']],
    [2, undefined],
    [3, ['b']],
  ]);
});

const field = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'é', ' ', ',', '"', '\n', '\r\n', '\r', '🥛'), maxLength: 8 }),
  fc.string(),
);
const table = fc.array(
  fc.array(field, { minLength: 1, maxLength: 5 }).filter((row) => row.some((text) => text.trim() !== '')),
  { maxLength: 12 },
);

test('whatever was written as CSV is split back into the same fields, on the right lines, in pieces of any size', () => {
  fc.assert(
    fc.property(
      table,
      fc.constantFrom('\n', '\r\n'),
      fc.boolean(),
      fc.integer({ min: 1, max: 40 }),
      (rows, newline, quotes, piece) => {
        let text = '';
        const expected = rows.map((fields) => {
          const line = text.split('\n').length;
          const row = Papa.unparse([fields], { newline, quotes });
          text += `${row}${newline}`;
          return { line, text: row, fields, fault: undefined };
        });
        expect(split(text, piece)).toEqual(expected);
      },
    ),
    { numRuns: 1000 },
  );
});

test('any text at all: every line is answered for by at most one row, and none is lost', () => {
  const text = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r'), maxLength: 60 });
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 60 }), (given, piece) => {
      const rows = split(given, piece);
      expect(rows).toEqual(split(given));
      const lines = given.split('\n');
      const covered = new Set<number>();
      for (const row of rows) {
        const height = row.text.split('\n').length;
        const standing = lines.slice(row.line - 1, row.line - 1 + height).join('\n');
        expect([row.text, `${row.text}\r`]).toContain(standing);
        for (let line = row.line; line < row.line + height; line++) {
          expect(covered.has(line)).toBe(false);
          covered.add(line);
        }
      }
      for (const [index, line] of lines.entries()) expect(covered.has(index + 1) || line.trim() === '').toBe(true);
    }),
    { numRuns: 1000 },
  );
});

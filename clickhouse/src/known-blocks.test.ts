import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Arrived } from './change-feed-sql.ts';
import { type KnownBlocks, knownBlocks } from './known-blocks.ts';
import type { Part } from './parts.ts';

/** A table as ClickHouse keeps one: an insert is a part, and a merge keeps the best row of each purchase of parts that follow each other. */
class Table {
  parts: { part: Part; rows: Arrived[] }[] = [];
  #block = 0;

  insert(versions: readonly { purchase: string; version: number; content: string }[]): void {
    this.#block += 1;
    const part = partOf(this.#block, this.#block, 0, versions.length);
    const rows = versions.map((row) => arrived({ ...row, block: this.#block, part: part.name }));
    this.parts.push({ part: { ...part, rows: rows.length }, rows: best(rows) });
  }

  merge(from: number, count: number): void {
    const merged = this.parts.slice(from, from + count);
    const [first, last] = [merged[0], merged.at(-1)];
    if (first === undefined || last === undefined || first === last) return;
    const rows = best(merged.flatMap(({ rows }) => rows));
    const level = 1 + Math.max(...merged.map(({ part }) => Number(part.name.split('_')[3])));
    const part = partOf(first.part.first, last.part.last, level, rows.length);
    this.parts.splice(from, merged.length, { part, rows: rows.map((row) => ({ ...row, part: part.name })) });
  }

  get names(): Part[] {
    return this.parts.map(({ part, rows }) => ({ ...part, rows: rows.length }));
  }

  /** What the statement reads that looks for blocks that are not known. */
  arrived(known: KnownBlocks) {
    const { old, firsts, lasts } = known.params();
    const isKnown = ({ block }: Arrived) =>
      firsts.some((first, place) => block >= first && block <= (lasts[place] ?? 0));
    const rows = this.parts.flatMap(({ rows }) => rows);
    const isNew = (row: Arrived) => !old.includes(row.part) && !isKnown(row);
    const purchases = new Set(rows.filter(isNew).map(({ purchase }) => purchase));
    return {
      rows: rows.filter(({ purchase }) => purchases.has(purchase)),
      fresh: this.parts
        .filter(({ part }) => !old.includes(part.name))
        .map(({ part, rows }) => ({ ...part, rows: rows.length, knownRows: rows.filter(isKnown).length })),
      found: this.names,
    };
  }

  /** What each purchase says now. */
  now(): Map<string, string> {
    return new Map(best(this.parts.flatMap(({ rows }) => rows)).map(({ purchase, content }) => [purchase, content]));
  }
}

const partOf = (first: number, last: number, level: number, rows: number): Part => {
  const name = `2025_${first}_${last}_${level}`;
  return { name, partition: '2025', first, last, version: first, rows, path: `/store/abc/${name}/` };
};

const arrived = (row: Pick<Arrived, 'purchase' | 'version' | 'content' | 'block' | 'part'>): Arrived => ({
  ...{
    branch_id: '',
    counts: true,
    slot: 0,
    recorded: 0,
    sold: 0,
    total_minor: 0,
    units: 0,
    customer_number: 0,
    basket: [],
  },
  ...{ partition: '2025', ...row },
});

const best = (rows: readonly Arrived[]): Arrived[] => {
  const all = new Map<string, Arrived>();
  for (const row of rows.toSorted((a, b) => a.version - b.version || a.block - b.block)) all.set(row.purchase, row);
  return [...all.values()];
};

const version = fc.record({
  purchase: fc.integer({ min: 0, max: 12 }).map(String),
  version: fc.nat(2),
  content: fc.constantFrom('a', 'b'),
});
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ insert: fc.array(version, { minLength: 1, maxLength: 3 }) }) },
  { weight: 3, arbitrary: fc.record({ merge: fc.tuple(fc.nat(8), fc.integer({ min: 2, max: 6 })) }) },
  { weight: 3, arbitrary: fc.constant({ look: true }) },
);

test('what changes said before and say now is told, or that it cannot be told, whatever was merged since the last look', () => {
  let [told, untold] = [0, 0];
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 60 }), (steps) => {
      const table = new Table();
      table.insert([{ purchase: '0', version: 0, content: 'a' }]);
      let known = knownBlocks(table.names);
      let says = table.now();
      for (const now of [...steps, { look: true }]) {
        if ('insert' in now) table.insert(now.insert);
        else if ('merge' in now) table.merge(now.merge[0] % table.parts.length, now.merge[1]);
        else {
          expect(known.areThere(table.names)).toBe(true);
          if (known.see(table.names).length === 0) {
            expect(says).toEqual(table.now());
            continue;
          }
          const changes = known.take(table.arrived(known), 1_000);
          if (changes === undefined) {
            untold += 1;
            known = knownBlocks(table.names);
            says = table.now();
            continue;
          }
          told += 1;
          for (const { before, after } of changes) {
            expect(before?.content).toBe(says.get(after.purchase));
            says.set(after.purchase, after.content);
          }
          expect(says).toEqual(table.now());
        }
      }
    }),
    { numRuns: 500 },
  );
  expect(told).toBeGreaterThan(10 * untold);
});

test('more rows than are wanted are not taken', () => {
  const table = new Table();
  table.insert([{ purchase: '0', version: 0, content: 'a' }]);
  const known = knownBlocks(table.names);
  table.insert([
    { purchase: '1', version: 0, content: 'a' },
    { purchase: '2', version: 0, content: 'a' },
  ]);
  expect(known.see(table.names)).toHaveLength(1);
  expect(known.take(table.arrived(known), 1)).toBeUndefined();
  expect(known.take(table.arrived(known), 2)).toHaveLength(2);
});

test('blocks that are gone are missed', () => {
  const table = new Table();
  for (const purchase of ['0', '1']) table.insert([{ purchase, version: 0, content: 'a' }]);
  const known = knownBlocks(table.names);
  table.merge(0, 2);
  expect(known.areThere(table.names)).toBe(true);
  expect(known.areThere(table.names.slice(1))).toBe(false);
});

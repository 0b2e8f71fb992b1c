import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { arrivedSql, type FedTable } from './arrived-sql.ts';
import type { ClickHouse, NamedQuery } from './client.ts';
import { type KnownBlocks, knownBlocks, type Version } from './known-blocks.ts';
import type { Part } from './parts.ts';
import { readArrivedOf } from './read-arrived.ts';

/** A table as ClickHouse keeps one: an insert is a part, and a merge keeps the best row of each purchase of parts that follow each other. */
class Table {
  parts: { part: Part; rows: Version[] }[] = [];
  #block = 0;

  insert(versions: readonly Pick<Version, 'key' | 'version' | 'content'>[]): void {
    this.#block += 1;
    const part = partOf(this.#block, this.#block, 0, versions.length);
    const rows = versions.map((row) => ({ ...row, partition: '2025', block: this.#block, part: part.name }));
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

  /** Versions of those purchases that have a row among some. */
  #purchasesOf(isAmong: (row: Version) => boolean): Version[] {
    const rows = this.parts.flatMap(({ rows }) => rows);
    const purchases = new Set(rows.filter(isAmong).map(({ key }) => key));
    return rows.filter(({ key }) => purchases.has(key));
  }

  /** What the statement reads that looks into parts. */
  inParts(names: readonly string[]) {
    return { rows: this.#purchasesOf(({ part }) => names.includes(part)), fresh: [], found: this.names };
  }

  /** What the statement reads that looks for blocks that are not known. */
  arrived(known: KnownBlocks<Version>) {
    const { old, firsts, lasts } = known.params();
    const isKnown = ({ block }: Version) =>
      firsts.some((first, place) => block >= first && block <= (lasts[place] ?? 0));
    return {
      rows: this.#purchasesOf((row) => !old.includes(row.part) && !isKnown(row)),
      fresh: this.parts
        .filter(({ part }) => !old.includes(part.name))
        .map(({ part, rows }): [string, number, number] => [part.name, rows.length, rows.filter(isKnown).length]),
      found: this.names,
    };
  }

  /** What each purchase says now. */
  now(): Map<string, string> {
    return new Map(best(this.parts.flatMap(({ rows }) => rows)).map(({ key, content }) => [key, content]));
  }
}

const partOf = (first: number, last: number, level: number, rows: number): Part => {
  const name = `2025_${first}_${last}_${level}`;
  return { name, partition: '2025', first, last, version: first, rows, path: `/store/abc/${name}/` };
};

const TABLE: FedTable<Version> = { name: 'purchases', key: 'purchase_id', columns: '', row: z.any() };
const SQL = arrivedSql(TABLE);

const best = (rows: readonly Version[]): Version[] => {
  const all = new Map<string, Version>();
  for (const row of rows.toSorted((a, b) => a.version - b.version || a.block - b.block)) all.set(row.key, row);
  return [...all.values()];
};

const version = fc.record({
  key: fc.integer({ min: 0, max: 12 }).map(String),
  version: fc.nat(2),
  content: fc.constantFrom('a', 'b'),
});
const happens = fc.oneof(
  { weight: 4, arbitrary: fc.record({ insert: fc.array(version, { minLength: 1, maxLength: 3 }) }) },
  { weight: 3, arbitrary: fc.record({ merge: fc.tuple(fc.nat(8), fc.integer({ min: 2, max: 6 })) }) },
);
type Happening = typeof happens extends fc.Arbitrary<infer Step> ? Step : never;
const happen = (table: Table, now: Happening): void => {
  if ('insert' in now) table.insert(now.insert);
  else table.merge(now.merge[0] % table.parts.length, now.merge[1]);
};
/** A look, and what happens between it and the reading of what it has found. */
const look = fc.record({ meanwhile: fc.oneof(fc.constant<Happening[]>([]), fc.array(happens, { maxLength: 3 })) });
const step = fc.oneof({ weight: 7, arbitrary: happens }, { weight: 3, arbitrary: look });

/** Answers both statements from a table, and says which were asked. */
const answering = (table: Table, known: KnownBlocks<Version>, asked: string[]): Pick<ClickHouse, 'rows'> => ({
  rows: async <Row>({ sql, params }: NamedQuery<Row>) => {
    asked.push(sql);
    return [
      sql === SQL.ofBlocks ? table.arrived(known) : table.inParts((params as { parts: string[] }).parts),
    ] as Row[];
  },
});

test('what changes said before and say now is told, or that it cannot be told, whatever is merged, also between a look and the reading', async () => {
  let [told, untold] = [0, 0];
  const asked: string[] = [];
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
      const table = new Table();
      table.insert([{ key: '0', version: 0, content: 'a' }]);
      let known = knownBlocks<Version>(table.names);
      let says = table.now();
      for (const now of [...steps, { meanwhile: [] as Happening[] }]) {
        if (!('meanwhile' in now)) {
          happen(table, now);
          continue;
        }
        const [found, atLook] = [table.names, table.now()];
        expect(known.areThere(found)).toBe(true);
        const fresh = known.see(found);
        if (fresh.length === 0) {
          expect(says).toEqual(atLook);
          continue;
        }
        for (const one of now.meanwhile) happen(table, one);
        const changes = known.take(
          await readArrivedOf(answering(table, known, asked), TABLE)(known, fresh, 1_000),
          1_000,
        );
        if (changes === undefined) {
          untold += 1;
          known = knownBlocks<Version>(found);
          says = atLook;
          continue;
        }
        told += 1;
        for (const { before, after } of changes) {
          expect(before?.content).toBe(says.get(after.key));
          says.set(after.key, after.content);
        }
        // What came after it looked may be told already, or not yet.
        const later = now.meanwhile.flatMap((one) => ('insert' in one ? one.insert.map(({ key }) => key) : []));
        const others = (all: ReadonlyMap<string, string>) => [...all].filter(([purchase]) => !later.includes(purchase));
        expect(others(says).sort()).toEqual(others(atLook).sort());
      }
    }),
    { numRuns: 500 },
  );
  expect(told).toBeGreaterThan(10 * untold);
  // Both ways were gone, and one after the other where merges came between.
  const [inParts, blocks] = [SQL.inParts, SQL.ofBlocks].map((sql) => asked.filter((one) => one === sql).length);
  expect(inParts).toBeGreaterThan(300);
  expect(blocks).toBeGreaterThan(300);
  expect((inParts ?? 0) + (blocks ?? 0)).toBeGreaterThan(told + untold);
});

const read = (table: Table, known: KnownBlocks<Version>) => {
  const { fresh, ...arrived } = table.arrived(known);
  return {
    rows: arrived.rows,
    fresh: table.names.flatMap((part) => {
      const [, , knownRows] = fresh.find(([name]) => name === part.name) ?? [];
      return knownRows === undefined ? [] : [{ ...part, knownRows }];
    }),
    found: arrived.found,
  };
};

test('more rows than are wanted are not taken', () => {
  const table = new Table();
  table.insert([{ key: '0', version: 0, content: 'a' }]);
  const known = knownBlocks<Version>(table.names);
  table.insert([
    { key: '1', version: 0, content: 'a' },
    { key: '2', version: 0, content: 'a' },
  ]);
  expect(known.see(table.names)).toHaveLength(1);
  expect(known.take(read(table, known), 1)).toBeUndefined();
  expect(known.take(read(table, known), 2)).toHaveLength(2);
});

test('blocks that are gone are missed', () => {
  const table = new Table();
  for (const purchase of ['0', '1']) table.insert([{ key: purchase, version: 0, content: 'a' }]);
  const known = knownBlocks<Version>(table.names);
  table.merge(0, 2);
  expect(known.areThere(table.names)).toBe(true);
  expect(known.areThere(table.names.slice(1))).toBe(false);
});

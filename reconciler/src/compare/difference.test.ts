import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { byKey, type Digest, type Fact, keyText } from '../facts/facts.ts';
import { classify, findingsAmong, groupsThatDiffer, keysThatDiffer } from './difference.ts';

const ID = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;

const fact = (n: number, version: number, counts: boolean, total: number): Fact => ({
  key: { id: ID(n), branch: 'SMKT001', slot: 900 * (n % 3) },
  counts,
  version,
  content: { total_minor: total },
});

/** Facts of up to eight purchases, so that both sides often hold the same ones. */
const side = fc
  .array(fc.tuple(fc.nat(7), fc.integer({ min: 1, max: 2 }), fc.boolean(), fc.nat(2)), { maxLength: 12 })
  .map((rows) => byKey(rows.map(([n, version, counts, total]) => fact(n, version, counts, total))));

describe('classifying by three reads', () => {
  const one = fact(1, 1, true, 100);
  const other = fact(1, 1, true, 999);
  const voided = fact(1, 2, false, 100);

  test.each([
    ['lost', one, undefined, one],
    ['extra', undefined, one, undefined],
    ['different', one, other, one],
    ['different', one, voided, one],
    ['different', voided, one, voided],
    ['different', one, fact(1, 7, true, 100), one],
  ] as const)('%s', (kind, before, clickhouse, after) => {
    expect(classify(before, clickhouse, after)).toBe(kind);
  });

  test.each([
    ['arrived meanwhile', one, one, one],
    ['recorded between the reads, and there', undefined, one, one],
    ['recorded between the reads, and not there yet', undefined, undefined, one],
    ['voided between the reads, and the void not there yet', one, one, voided],
    ['void on both sides', voided, voided, voided],
    ['void, and nowhere else', voided, undefined, voided],
    ['voided by a tombstone', undefined, voided, undefined],
  ] as const)('no difference: %s', (_why, before, clickhouse, after) => {
    expect(classify(before, clickhouse, after)).toBe('inFlight');
  });
});

test('at rest, the findings are those of a plain comparison', () => {
  fc.assert(
    fc.property(side, side, (postgres, clickhouse) => {
      const keys = keysThatDiffer(postgres, clickhouse);
      const { findings, inFlight } = findingsAmong(keys, postgres, clickhouse, postgres);
      const expected = new Map<string, string>();
      for (let n = 0; n < 8; n++) {
        const key = keyText(fact(n, 1, true, 0).key);
        const [ours, theirs] = [postgres.get(key), clickhouse.get(key)];
        // What counts nowhere cannot make a figure wrong.
        if (!ours?.counts && !theirs?.counts) continue;
        if (JSON.stringify(ours) === JSON.stringify(theirs)) continue;
        expected.set(key, theirs === undefined ? 'lost' : ours === undefined ? 'extra' : 'different');
      }
      expect(new Map(findings.map(({ key, kind }) => [keyText(key), kind]))).toEqual(expected);
      expect(inFlight).toEqual([]);
    }),
  );
});

/** The life of a purchase: recorded, perhaps voided; each commit is seen by ClickHouse some time later. */
const life = fc.record({
  recorded: fc.nat(100),
  voidedAfter: fc.option(fc.nat(100), { nil: undefined }),
  delays: fc.tuple(fc.nat(60), fc.nat(60)),
  fault: fc.constantFrom('none', 'none', 'lost', 'other total'),
});

test('while sales go on, whatever was wrong at the first read is found and nothing else', () => {
  fc.assert(
    fc.property(
      fc.array(life, { maxLength: 8 }),
      fc.nat(100),
      fc.nat(100),
      fc.nat(100),
      (lives, firstRead, wait, secondWait) => {
        // ClickHouse has caught up when all that was committed by the first read has arrived.
        const commits = lives.map(({ recorded, voidedAfter, delays }) => [
          { at: recorded, arrives: recorded + delays[0], counts: true, version: 1 },
          ...(voidedAfter === undefined
            ? []
            : [{ at: recorded + voidedAfter, arrives: recorded + voidedAfter + delays[1], counts: false, version: 2 }]),
        ]);
        const passed = Math.max(
          firstRead + wait,
          ...commits
            .flat()
            .filter(({ at }) => at <= firstRead)
            .map((c) => c.arrives),
        );
        const newest = (n: number, visible: (commit: { at: number; arrives: number }) => boolean, total: number) => {
          const seen = (commits[n] ?? [])
            .filter(visible)
            .sort((a, b) => a.version - b.version)
            .at(-1);
          return seen === undefined ? [] : [fact(n, seen.version, seen.counts, total)];
        };
        const postgres = (moment: number) => byKey(lives.flatMap((_, n) => newest(n, ({ at }) => at <= moment, 1)));
        const clickhouse = byKey(
          lives.flatMap(({ fault }, n) =>
            fault === 'lost' ? [] : newest(n, ({ arrives }) => arrives <= passed, fault === 'none' ? 1 : 2),
          ),
        );
        const [before, after] = [postgres(firstRead), postgres(passed + secondWait)];
        const keys = lives.map((_, n) => fact(n, 1, true, 1).key);
        const found = new Set(findingsAmong(keys, before, clickhouse, after).findings.map(({ key }) => key.id));
        for (const [n, { fault }] of lives.entries()) {
          const key = keyText(fact(n, 1, true, 1).key);
          const settled = before.get(key)?.counts === true && after.get(key)?.counts === true;
          if (fault === 'none') expect(found.has(ID(n))).toBe(false);
          else if (settled) expect(found.has(ID(n))).toBe(true);
        }
      },
    ),
  );
});

test('a group differs when one store lacks it or has another digest', () => {
  const digest = (name: string, text: string, count: number): Digest<string> => ({
    group: name,
    name,
    digest: text,
    count,
  });
  const group = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('x', 'y'), fc.nat(9));
  const groups = fc.uniqueArray(group, { selector: ([name]) => name });
  fc.assert(
    fc.property(groups, groups, (ours, theirs) => {
      const found = groupsThatDiffer(
        ours.map((given) => digest(...given)),
        theirs.map((given) => digest(...given)),
      );
      const of = (given: typeof ours, name: string) => given.find((entry) => entry[0] === name)?.[1];
      const expected = ['a', 'b', 'c', 'd'].filter((name) => of(ours, name) !== of(theirs, name));
      expect(found.map(({ name }) => name).sort()).toEqual(expected);
    }),
  );
});

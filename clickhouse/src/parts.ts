import { z } from 'zod';

/** SQL of what {@link parts} has of each part. */
export const PART = '(name, partition_id, min_block_number, max_block_number, data_version, rows, path)';

/** The tables of silver. */
export const SILVER = ['purchases', 'customers', 'customer_branches', 'products', 'branches'] as const;
export type SilverTable = (typeof SILVER)[number];

/** SQL of the active parts of a table of silver. */
export const partsSql = (table: SilverTable): string =>
  `SELECT groupArray(${PART}) AS found FROM system.parts WHERE active AND database = 'silver' AND table = '${table}'`;

/** Parts of a table, those with the oldest blocks first. */
export const parts = z
  .array(z.tuple([z.string(), z.string(), z.int(), z.int(), z.int(), z.int(), z.string()]))
  .transform((found) =>
    found
      .map(([name, partition, first, last, version, rows, path]) => ({
        ...{ name, partition, first, last, version, rows, path },
      }))
      .sort((a, b) => a.first - b.first),
  );

/** A part, and the first and the last of the blocks of inserts that are in it. */
export type Part = z.output<typeof parts>[number];

/** Two tables are in two places; a mutation gives the parts that it writes its own version instead of that of their first block. */
export const tableOf = (found: readonly Part[]): string => {
  const [first] = found;
  const place = first === undefined ? '' : first.path.slice(0, -first.name.length - 1);
  return `${place} ${Math.max(0, ...found.filter(({ first, version }) => version !== first).map(({ version }) => version))}`;
};

/** Blocks of inserts that follow each other, the first and the last. */
export type Blocks = [first: number, last: number];

/** What the name of a part says. */
export const blocksOf = (name: string): { partition: string; first: number; last: number } => {
  const [partition, first, last] = name.split('_');
  if (partition === undefined || first === undefined || last === undefined) throw new Error(`a part named ${name}`);
  return { partition, first: Number(first), last: Number(last) };
};

/** Whether blocks are among those that are known. */
export const areKnown = (known: readonly Blocks[], first: number, last: number): boolean =>
  known.some((blocks) => first >= blocks[0] && last <= blocks[1]);

/** Blocks and those that are known. */
export const withBlocks = (known: readonly Blocks[], first: number, last: number): Blocks[] => {
  const all: Blocks[] = [];
  for (const next of [...known, [first, last] as Blocks].sort((a, b) => a[0] - b[0])) {
    const before = all.at(-1);
    if (before !== undefined && next[0] <= before[1] + 1) before[1] = Math.max(before[1], next[1]);
    else all.push([...next]);
  }
  return all;
};

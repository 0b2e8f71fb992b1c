import { createHash } from 'node:crypto';
import type { ClickHouse } from '@tillstream/clickhouse/client';
import { z } from 'zod';

/**
 * Every insert makes a part whose block has a higher number, so this looks at no row at all. A merge keeps the highest number
 * and changes no figure; a table that takes another's place has a folder of its own. Text is made of it here: that costs
 * ClickHouse more than the few rows.
 */
const SQL = `
  SELECT table, substring(path, 1, length(path) - length(name) - 1) AS folder, partition_id,
    toString(max(max_block_number)) AS newest, toString(max(data_version)) AS changed
  FROM system.parts
  WHERE database = 'silver' AND active
  GROUP BY table, folder, partition_id`;

const row = z.object({
  table: z.string(),
  folder: z.string(),
  partition_id: z.string(),
  newest: z.string(),
  changed: z.string(),
});

/** The tables of the catalog; the others hold what was sold and to whom. */
const CATALOG = ['products', 'branches'];

/** A text that differs whenever anything that the figures are made of may have changed. */
export const readChangeMark = async (clickhouse: ClickHouse, signal?: AbortSignal): Promise<string> => {
  const parts = await clickhouse.rows({ name: 'changes', sql: SQL, row, signal, timeoutSeconds: 5 });
  const hashOf = (which: typeof parts) => {
    const texts = which.map((part) => Object.values(part).join(' ')).sort();
    return createHash('sha1').update(texts.join('\n')).digest('base64url');
  };
  const inCatalog = parts.filter(({ table }) => CATALOG.includes(table));
  const others = parts.filter(({ table }) => !CATALOG.includes(table));
  return `${hashOf(inCatalog)} ${hashOf(others)}`;
};

/** The part of a mark that differs whenever the catalog may have changed: names of products and branches. */
export const catalogMark = (mark: string): string => mark.split(' ')[0] ?? '';

import type { ClickHouse } from '@tillstream/clickhouse/client';
import { z } from 'zod';

/**
 * Every insert makes a part whose block has a higher number, so this looks at no row at all. A merge keeps the highest number
 * and changes no figure; a table that takes another's place has a folder of its own.
 */
const SQL = `
  SELECT toString(sum(cityHash64(folder, partition_id, newest, changed))) AS mark
  FROM (
    SELECT substring(path, 1, length(path) - length(name) - 1) AS folder, partition_id, max(max_block_number) AS newest,
      max(data_version) AS changed
    FROM system.parts
    WHERE database = 'silver' AND active
    GROUP BY folder, partition_id
  )`;

const row = z.object({ mark: z.string() });

/** A text that differs whenever anything that the figures are made of may have changed. */
export const readChangeMark = async (clickhouse: ClickHouse, signal?: AbortSignal): Promise<string> =>
  (await clickhouse.row({ name: 'changes', sql: SQL, row, signal, timeoutSeconds: 5 })).mark;

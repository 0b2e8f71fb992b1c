import type { ClickHouse } from '@tillstream/clickhouse/client';
import { z } from 'zod';

const SQL = 'SELECT branch_id, branch, country FROM gold.branches ORDER BY branch_id';

const row = z.object({ branch_id: z.string(), branch: z.string(), country: z.string() });

export type Branch = z.output<typeof row>;

/** The branches of the catalog. */
export const readBranches = (clickhouse: ClickHouse, signal?: AbortSignal): Promise<Branch[]> =>
  clickhouse.rows({ name: 'branches', sql: SQL, row, signal });

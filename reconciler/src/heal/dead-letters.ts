import type { Database } from '@tillstream/pos-api/postgres/database';
import { z } from 'zod';
import type { Finding } from '../compare/difference.ts';
import type { SubjectName } from '../facts/facts.ts';

const idRow = z.object({ id: z.string() });

/**
 * Those of the purchases, customers, products or branches of findings whose events are dead letters: the broker
 * rejects them permanently. To send them again would only make more dead letters.
 */
export const deadLetteredAmong = async (
  db: Database,
  subject: SubjectName,
  findings: readonly Finding[],
): Promise<ReadonlySet<string>> => {
  const { rows } = await db.query(
    subject !== 'customer' && subject !== 'customer_branch'
      ? 'select key as id from dead_letters where key = any ($1::text[])'
      : `select p.customer_id as id from dead_letters d join purchases p on p.purchase_id::text = d.key
         where p.customer_id = any ($1::text[]::uuid[])`,
    [findings.map(({ key }) => key.id)],
  );
  return new Set(rows.map((row) => idRow.parse(row).id));
};

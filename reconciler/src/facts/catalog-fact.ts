import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Digest, Fact } from './facts.ts';

/** The catalog is compared whole: it is small. */
export type WholeCatalog = 'all';

const whole = z.coerce.number();

/** A row of either store's query of products. */
export const productRow = z.object({
  id: z.string(),
  revision: whole,
  name: z.string(),
  unit_price_minor: whole,
  currency: z.string(),
  active: z.coerce.boolean(),
  category: z.string(),
  unit: z.string(),
  sku: z.string(),
  open_price: z.coerce.boolean(),
});

/** A row of either store's query of branches. */
export const branchRow = z.object({ id: z.string(), revision: whole, name: z.string(), country: z.string() });

export const catalogFact = ({
  id,
  revision,
  ...content
}: z.output<typeof productRow> | z.output<typeof branchRow>): Fact => ({
  key: { id, branch: null, slot: null },
  counts: true,
  version: revision,
  content:
    'active' in content
      ? { ...content, active: String(content.active), open_price: String(content.open_price) }
      : content,
});

/** All of one kind as one group. */
export const catalogDigest = (facts: readonly Fact[]): Digest<WholeCatalog> => {
  const lines = facts.map(({ key, version, content }) =>
    JSON.stringify([key.id, version, Object.entries(content).sort()]),
  );
  return {
    group: 'all',
    name: 'all',
    count: facts.length,
    digest: createHash('sha256').update(lines.sort().join('\n')).digest('hex'),
  };
};

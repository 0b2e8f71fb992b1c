interface Sold {
  branch_id: string;
  newest_sale: string | null;
}

/** Each branch with its newest sale (ms), the newest first; the known ones that never sold come last, with null. */
export const newestSales = (
  sold: readonly Sold[],
  known: readonly { branch_id: string }[],
): { id: string; at: number | null }[] => {
  const at = new Map<string, number | null>(known.map(({ branch_id }) => [branch_id, null]));
  for (const { branch_id, newest_sale } of sold)
    at.set(branch_id, newest_sale === null ? null : Date.parse(newest_sale));
  return [...at]
    .map(([id, newest]) => ({ id, at: newest }))
    .sort((a, b) => (b.at ?? 0) - (a.at ?? 0) || (a.id < b.id ? -1 : 1));
};

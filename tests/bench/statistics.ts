/** The p-th percentile (0–100) by the nearest-rank method. */
export const percentile = (values: readonly number[], p: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)] ?? Number.NaN;
};

/** One line of a distribution of milliseconds. */
export const distribution = (what: string, values: readonly number[]): string => {
  const at = (p: number) => `p${p} ${percentile(values, p).toFixed(0)} ms`;
  return `${what.padEnd(52)} ${at(50)}  ${at(95)}  ${at(99)}  (n = ${values.length})`;
};

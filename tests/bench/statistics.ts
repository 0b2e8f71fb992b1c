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

/** The percentiles of milliseconds as a phrase. */
export const milliseconds = (values: readonly number[], digits = 0): string =>
  [50, 95, 99]
    .map((p) => `p${p} ${percentile(values, p).toFixed(digits)}`)
    .join(', ')
    .concat(' ms');

/** One line of a report: what was measured, and the figures. */
export const line = (what: string, figures: string): void => console.log(`  ${what.padEnd(56)} ${figures}`);

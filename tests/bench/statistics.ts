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

/** The slope of the line that fits the values best (least squares), per step from one value to the next. */
export const slope = (values: readonly number[]): number => {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const products = values.reduce((sum, value, n) => sum + (n - middle) * (value - mean), 0);
  return products / values.reduce((sum, _, n) => sum + (n - middle) ** 2, 0);
};

/** One line of a report: what was measured, and the figures. */
export const line = (what: string, figures: string): void => console.log(`  ${what.padEnd(56)} ${figures}`);

/** Text that a spreadsheet would take for a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/** One value: numbers as they are, text quoted where it must be and never as a formula, nothing for null. */
const cell = (value: unknown): string => {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

/** Rows as CSV (RFC 4180) under a line of column names. */
export const csvOf = (columns: readonly string[], rows: readonly object[]): string => {
  const line = (values: string[]) => `${values.join(',')}\r\n`;
  const body = rows.map((row) => line(columns.map((column) => cell(Reflect.get(row, column)))));
  return line(columns.map(cell)) + body.join('');
};

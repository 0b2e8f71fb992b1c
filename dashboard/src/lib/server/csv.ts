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

/** Rows as CSV (RFC 4180) with a line of column names; those of the first row. Lists within a row are left out. */
export const csvOf = (rows: readonly object[]): string => {
  const [first = {}] = rows;
  const columns = Object.entries(first).flatMap(([name, value]) => (Array.isArray(value) ? [] : [name]));
  const line = (values: string[]) => `${values.join(',')}\r\n`;
  const body = rows.map((row) => line(columns.map((column) => cell(Reflect.get(row, column)))));
  return line(columns.map(cell)) + body.join('');
};

/** The rows as a file to download, named after the path that was asked for. */
export const csvResponse = (rows: readonly object[], path: string): Response =>
  new Response(csvOf(rows), {
    headers: {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename="${path.split('/').at(-1)?.replace(/\W/g, '') ?? 'table'}.csv"`,
      'cache-control': 'no-store',
    },
  });

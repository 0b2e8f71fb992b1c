import { READ_API, type ReadEndpoint } from '@tillstream/schemas/read-api';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { z } from 'zod';
import { csvOf } from './csv.ts';

/** A column of a table: its name and what its values are; any may be absent. */
export interface Column {
  name: string;
  type: 'integer' | 'decimal' | 'text' | 'boolean';
}

/** What a column's schema may look like: one type, or one or nothing. */
const jsonType = z.object({ type: z.union([z.string(), z.array(z.string())]) });
const jsonObject = z.object({ properties: z.record(z.string(), z.unknown()) });
const TYPES: Record<string, Column['type']> = {
  integer: 'integer',
  number: 'decimal',
  string: 'text',
  boolean: 'boolean',
};

/** The columns of an endpoint's table, from the schema of its answer; lists within a row are none. */
export const columnsOf = (name: ReadEndpoint): Column[] => {
  const { answer, rows } = READ_API[name];
  const whole = jsonObject.parse(z.toJSONSchema(answer, { io: 'input', unrepresentable: 'any' })).properties;
  const row = rows === undefined ? whole : z.object({ items: jsonObject }).parse(whole[rows]).items.properties;
  return Object.entries(row).flatMap(([column, schema]) => {
    const found =
      TYPES[
        [jsonType.parse(schema).type]
          .flat()
          .filter((type) => type !== 'null')
          .join()
      ];
    return found === undefined ? [] : [{ name: column, type: found }];
  });
};

/** Whether any of the rows has a column. A table by day has no hours, one by hour no customers; one without rows may have all. */
export const isColumnOf =
  (rows: readonly object[]) =>
  (column: string): boolean =>
    rows.length === 0 || rows.some((row) => column in row);

/** Rows as a file to download, named after the endpoint. */
export const tableFile = (
  name: string,
  format: 'csv' | 'parquet',
  columns: readonly Column[],
  rows: readonly object[],
): Response => {
  const isColumn = isColumnOf(rows);
  const had = columns.filter(({ name }) => isColumn(name));
  const names = had.map((column) => column.name);
  return new Response(format === 'csv' ? csvOf(names, rows) : parquetOf(had, rows), {
    headers: {
      'content-type': format === 'csv' ? 'text/csv; charset=utf-8' : 'application/vnd.apache.parquet',
      'content-disposition': `attachment; filename="${name}.${format}"`,
      'cache-control': 'no-store',
    },
  });
};

const PARQUET = { integer: 'INT64', decimal: 'DOUBLE', text: 'STRING', boolean: 'BOOLEAN' } as const;

/** Rows as Apache Parquet: whole numbers as INT64, quantities as DOUBLE, the rest as text; what is null or absent is null. */
export const parquetOf = (columns: readonly Column[], rows: readonly object[]): ArrayBuffer =>
  parquetWriteBuffer({
    columnData: columns.map(({ name, type }) => ({
      name,
      type: PARQUET[type],
      nullable: true,
      data: rows.map((row) => {
        const value: unknown = Reflect.get(row, name) ?? null;
        return type === 'integer' && typeof value === 'number' ? BigInt(value) : value;
      }),
    })),
  });

import { z } from 'zod';
import type { Run } from '../engine.ts';
import { inspect, type Token, tokens } from '../sql.ts';
import { ClickHouseError } from './errors.ts';

/** A table that came with a query, as `multipart/form-data`: it lives as long as the query. */
export interface Attachment {
  name: string;
  /** Columns with their types, as in CREATE TABLE. */
  structure: string;
  format: string;
  data: Buffer;
}

const NAME = /^[A-Za-z_]\w*$/;
/**
 * Formats that hold data and nothing else. What is not here may look for a schema in a file, or computes: an expression in
 * `Values` would run with every right.
 */
const FORMATS =
  /^(TabSeparated|TSV|CSV)(WithNames(AndTypes)?)?$|^JSON(Compact)?EachRow$|^RowBinary$|^Native$|^Parquet$|^Arrow(Stream)?$/;
/** Words that make more of a column than its name and type. */
const NOT_IN_TYPES = new Set(
  'aggregatefunction simpleaggregatefunction default materialized alias ephemeral codec ttl comment settings statistics primary constraint index projection as engine'.split(
    ' ',
  ),
);

/**
 * What a form holds: the query and its parameters, where the client puts them there, and tables.
 *
 * @param urlParameters `<name>_structure` or `<name>_types`, and `<name>_format` of each table; TabSeparated without one
 * @throws a ClickHouseError 36 for a form that cannot be read, or a table without columns
 */
export const readForm = async (
  contentType: string,
  body: Buffer,
  urlParameters: ReadonlyMap<string, string>,
): Promise<{ query: string | undefined; params: Map<string, string>; tables: Attachment[] }> => {
  const params = new Map<string, string>();
  const tables: Attachment[] = [];
  let query: string | undefined;
  for (const [name, value] of await parts(contentType, body)) {
    if (typeof value === 'string' && name === 'query') query = value;
    else if (typeof value === 'string' && name.startsWith('param_')) params.set(name.slice(6), value);
    else tables.push(await readTable(name, value, urlParameters));
  }
  return { query, params, tables };
};

const parts = async (contentType: string, body: Buffer): Promise<[string, string | File][]> => {
  try {
    const form = await new Response(new Uint8Array(body), { headers: { 'Content-Type': contentType } }).formData();
    return z.array(z.tuple([z.string(), z.union([z.string(), z.instanceof(File)])])).parse([...form.entries()]);
  } catch (cause) {
    throw bad(`The form cannot be read: ${cause instanceof Error ? cause.message : cause}`);
  }
};

const readTable = async (
  name: string,
  value: string | File,
  urlParameters: ReadonlyMap<string, string>,
): Promise<Attachment> => {
  if (!NAME.test(name)) throw bad(`'${name}' is no name of an external table`);
  const types = urlParameters.get(`${name}_types`);
  const structure =
    urlParameters.get(`${name}_structure`) ??
    (types &&
      splitTypes(types)
        .map((type, n) => `_${n + 1} ${type}`)
        .join(', '));
  if (!structure) throw bad(`The external table ${name} needs ${name}_structure`);
  checkStructure(name, structure);
  const format = urlParameters.get(`${name}_format`) ?? 'TabSeparated';
  if (!FORMATS.test(format)) throw bad(`An external table cannot come as '${format}'`);
  const data = typeof value === 'string' ? Buffer.from(value) : Buffer.from(await value.arrayBuffer());
  return { name, structure, format, data };
};

/** Columns are names and types: nothing that is computed, and no way out of the parentheses that they will stand in. */
const checkStructure = (name: string, structure: string): void => {
  let depth = 0;
  let before: Token | undefined;
  for (const token of tokens(structure)) {
    if (token.text === '(') depth++;
    if (token.text === ')') depth--;
    const startsColumn = depth === 0 && (before === undefined || before.text === ',');
    const isPlain = token.kind !== 'other' || ['(', ')', ',', '=', '-'].includes(token.text);
    const isMore = token.kind === 'word' && !startsColumn && NOT_IN_TYPES.has(token.text.toLowerCase());
    if (depth < 0 || !isPlain || isMore) throw bad(`The structure of ${name} is more than columns and their types`);
    before = token;
  }
  if (depth !== 0) throw bad(`The structure of ${name} lacks a parenthesis`);
};

const splitTypes = (types: string): string[] => {
  const found = [''];
  let depth = 0;
  for (const character of types) {
    if (character === '(') depth++;
    if (character === ')') depth--;
    if (character === ',' && depth === 0) found.push('');
    else found[found.length - 1] += character;
  }
  return found;
};

/** Makes the tables in the fresh session of a query, before it is narrowed to its user. */
export const attach = async (run: Run, attachments: readonly Attachment[]): Promise<void> => {
  for (const { name, structure, format, data } of attachments) {
    await run.query(`CREATE TEMPORARY TABLE \`${name}\` (${structure}) ENGINE = Memory`, 'Null');
    const sql = Buffer.concat([Buffer.from(`INSERT INTO \`${name}\` FORMAT ${format}\n`), data]);
    await run.insert(sql, inspect(sql.toString('latin1', 0, 1_000), true));
  }
};

const bad = (text: string): ClickHouseError => ClickHouseError.of(36, 'BAD_ARGUMENTS', text);

import { ClickHouseError } from '../http/errors.ts';
import { quote, type Token, tokens } from '../sql.ts';
import { checkAnalystSetting } from './settings.ts';

const VERBS = new Set(['select', 'with', 'show', 'describe', 'desc', 'exists', 'explain']);
const SHOWN = new Set(
  [
    'tables',
    'full',
    'extended',
    'databases',
    'columns',
    'fields',
    'create',
    'index',
    'indexes',
    'indices',
    'keys',
  ].concat(['functions', 'engines', 'setting', 'settings', 'changed', 'dictionaries', 'clusters', 'cluster']),
);

/** Scalar functions that read local files: the embedded engine grants them to everyone. */
const FORBIDDEN_FUNCTIONS = new Set(['file', 'catboostevaluate']);

/**
 * Table functions that need no grant but take names or queries as text, past these checks. Those that reach files and
 * other servers are refused by the grants of the role, and here once more.
 */
const FORBIDDEN_TABLE_FUNCTIONS = new Set(
  `azureblobstorage azureblobstoragecluster cluster clusterallreplicas cosn deltalake deltalakeazure
  deltalakeazurecluster deltalakecluster deltalakelocal deltalakes3 deltalakes3cluster dictionary eval executable file
  filecluster filesystem fuzzjson fuzzquery gcs hdfs hdfscluster hudi hudicluster iceberg icebergazure
  icebergazurecluster icebergcluster iceberghdfs iceberghdfscluster iceberglocal iceberglocalcluster icebergs3
  icebergs3cluster input jdbc loop merge mergetreeanalyzeindexes mergetreeanalyzeindexesuuid mergetreeindex
  mergetreeprojection mergetreetextindex mongodb mysql odbc oss paimon paimonazure paimonazurecluster paimoncluster
  paimonhdfs paimonhdfscluster paimonlocal paimons3 paimons3cluster postgresql prometheusquery prometheusqueryrange
  redis remote remotesecure s3 s3cluster sqlite timeseriesdata timeseriesmetrics timeseriessamples timeseriesselector
  timeseriestags url urlcluster viewexplain ytsaurus python`.split(/\s+/),
);

/** Tables of `system` that clients read to know the server; the embedded engine lets everyone read all of them. */
const SYSTEM_TABLES = new Set(
  `aggregate_function_combinators build_options clusters codecs collations columns completions constraints contributors
  current_roles data_skipping_index_types data_skipping_indices data_type_families databases documentation enabled_roles
  formats functions keywords licenses merge_tree_settings numbers numbers_mt one parts parts_columns projections
  settings table_engines table_functions tables time_zones unicode zeros zeros_mt`.split(/\s+/),
);

const CURRENT_USER = new Set(['currentuser', 'current_user', 'user']);

/** Formats that an analyst may be answered in: none looks for a schema in a file or at an address. */
const FORMATS = new Set(
  `arrow arrowstream avro bsoneachrow buffers csv csvwithnames csvwithnamesandtypes customseparated
  customseparatedwithnames customseparatedwithnamesandtypes hash json jsoncolumns jsoncolumnswithmetadata jsoncompact
  jsoncompactcolumns jsoncompacteachrow jsoncompacteachrowwithnames jsoncompacteachrowwithnamesandtypes
  jsoncompacteachrowwithprogress jsoncompactstrings jsoncompactstringseachrow jsoncompactstringseachrowwithnames
  jsoncompactstringseachrowwithnamesandtypes jsoncompactstringseachrowwithprogress jsoneachrow jsoneachrowwithprogress
  jsonl jsonlines jsonobjecteachrow jsonstrings jsonstringseachrow jsonstringseachrowwithprogress lineasstring md
  markdown msgpack native ndjson npy null orc parquet pretty prettycompact prettycompactmonoblock
  prettycompactnoescapes prettycompactnoescapesmonoblock prettyjsoneachrow prettyjsonlines prettymonoblock
  prettyndjson prettynoescapes prettynoescapesmonoblock prettyspace prettyspacemonoblock prettyspacenoescapes
  prettyspacenoescapesmonoblock prometheus raw rawblob rawwithnames rawwithnamesandtypes rowbinary rowbinarywithnames
  rowbinarywithnamesandtypes sqlinsert tskv tsv tsvraw tsvrawwithnames tsvrawwithnamesandtypes tsvwithnames
  tsvwithnamesandtypes tabseparated tabseparatedraw tabseparatedrawwithnames tabseparatedrawwithnamesandtypes
  tabseparatedwithnames tabseparatedwithnamesandtypes template values vertical xml`.split(/\s+/),
);

/** A statement may only read, and write no file: whoever asks by GET, and an analyst always. ClickHouseError 497. */
export function checkReadsOnly(sql: string): void {
  checkVerb(listOf(sql));
}

/**
 * What roles and readonly do not keep from an analyst: files, other queries given as text, the server's own tables, and
 * settings. Throws a ClickHouseError 497, 164 or 452.
 *
 * @param sql as the engine wrote it out again (see `canonicalQuery`), so that no trick of spelling passes
 * @param params values of `{name:Type}`
 * @returns the settings of its SETTINGS clauses, for a SET before `readonly`: the engine then finds them unchanged
 */
export function checkAnalystQuery(sql: string, params: ReadonlyMap<string, string>): string[] {
  const list = listOf(sql);
  checkVerb(list);
  const found: string[] = [];
  let anySettings = false;
  for (let at = 0; at < list.length; at++) {
    const token = list[at];
    if (token?.text === '{') checkIdentifier(list, at, params);
    const name = nameOf(token);
    if (name === undefined) continue;
    const next = list[at + 1]?.text;
    if (FORBIDDEN_FUNCTIONS.has(name)) throw denied(`the name '${name}'`);
    if (next === '(') {
      if (FORBIDDEN_TABLE_FUNCTIONS.has(name)) throw denied(`the table function ${name}`);
      if (name === 'format' && isTable(list[at - 1])) throw denied('the table function format');
    }
    if (next === '.' && name === 'system') checkSystemTable(nameOf(list[at + 2]));
    if (next === '=' && name === 'profile' && anySettings) checkAnalystSetting(name, '');
    if (name === 'settings' && list[at + 2]?.text === '=' && nameOf(list[at + 1]) !== undefined) {
      anySettings = true;
      found.push(...readSettings(sql, list, at + 1));
    }
  }
  return found;
}

/** The engine knows one user only and would tell its name: an analyst's query gets the analyst's. */
export function withOwnName(sql: string, name: string): string {
  const list = listOf(sql);
  let written = '';
  let from = 0;
  for (const [at, token] of list.entries()) {
    const call = list[at + 2];
    if (!CURRENT_USER.has(wordOf(token)) || list[at + 1]?.text !== '(' || call?.text !== ')') continue;
    written += `${sql.slice(from, token.start)}${quote(name)}`;
    from = call.end;
  }
  return written + sql.slice(from);
}

/** The tokens of a statement; of numbers that stand in a row (`1, 2, 3`) the first. */
function listOf(sql: string): Token[] {
  const list: Token[] = [];
  for (const token of tokens(sql)) {
    if (token.kind === 'number' && list.at(-1)?.text === ',' && list.at(-2)?.kind === 'number') list.pop();
    else list.push(token);
  }
  return list;
}

function checkVerb(list: Token[]): void {
  const first = list.findIndex(({ kind }) => kind === 'word');
  const verb = wordOf(list[first]);
  if (!VERBS.has(verb)) throw denied(verb.toUpperCase() || 'an empty statement');
  const shown = wordOf(list[first + 1]);
  if (verb === 'show' && !SHOWN.has(shown)) throw denied(`SHOW ${shown.toUpperCase()}`);
  for (let at = first; at < list.length; at++) {
    const word = wordOf(list[at]);
    if (word !== 'into' && word !== 'parallel') continue;
    const pair = `${word} ${wordOf(list[at + 1])}`;
    if (pair === 'into outfile' || pair === 'parallel with') throw denied(pair.toUpperCase());
  }
}

/** A format that an analyst may be answered in. Throws a ClickHouseError 497. */
export function checkAnalystFormat(format: string): void {
  if (!FORMATS.has(format.toLowerCase())) throw denied(`the format ${format}`);
}

/** `name = value, …` from the token at `at` on: each as the text that sets it. */
function readSettings(sql: string, list: Token[], at: number): string[] {
  const found: string[] = [];
  for (let next = at; list[next + 1]?.text === '='; ) {
    const name = list[next]?.text.replaceAll(/[`"]/g, '') ?? '';
    const isNegative = list[next + 2]?.text === '-';
    const value = list[next + (isNegative ? 3 : 2)];
    const isPlain = value?.kind === 'literal' || value?.kind === 'number' || /^(true|false)$/.test(value?.text ?? '');
    if (!value || !isPlain) throw denied(`anything but a plain value for the setting ${name}`);
    const text = sql.slice(value.start, value.end);
    const bare = text.startsWith("'") ? text.slice(1, -1) : text;
    checkAnalystSetting(name, isNegative ? `-${bare}` : bare);
    if (name !== 'readonly') found.push(`${name} = ${isNegative ? '-' : ''}${text}`);
    next += isNegative ? 4 : 3;
    if (list[next]?.text !== ',') break;
    next++;
  }
  return found;
}

/** `{name:Identifier}` stands for a name: its value must be one that may stand there. */
function checkIdentifier(list: Token[], at: number, params: ReadonlyMap<string, string>): void {
  const [, name, colon, type] = list.slice(at, at + 4);
  if (colon?.text !== ':' || wordOf(type) !== 'identifier') return;
  const value = (params.get(name?.text ?? '') ?? '').replaceAll(/[`"\s]/g, '').toLowerCase();
  const [first = '', second] = value.split('.');
  if (FORBIDDEN_FUNCTIONS.has(value)) throw denied(`the name '${value}'`);
  if (first !== 'system') return;
  checkSystemTable(second ?? (list[at + 5]?.text === '.' ? nameOf(list[at + 6]) : undefined));
}

function checkSystemTable(table: string | undefined): void {
  if (table === undefined || !SYSTEM_TABLES.has(table)) throw denied(`system.${table ?? ''}`);
}

/** Whether a table, and not an expression, comes after this word. */
const isTable = (before: Token | undefined): boolean =>
  ['from', 'join', 'describe', 'table', 'in'].includes(wordOf(before));

const wordOf = (token: Token | undefined): string => (token?.kind === 'word' ? token.text.toLowerCase() : '');

const nameOf = (token: Token | undefined): string | undefined => {
  if (token?.kind === 'word') return token.text.toLowerCase();
  return token?.kind === 'quoted' ? token.text.slice(1, -1).toLowerCase() : undefined;
};

function denied(what: string): ClickHouseError {
  return ClickHouseError.of(497, 'ACCESS_DENIED', `analyst: Not enough privileges to use ${what}`);
}

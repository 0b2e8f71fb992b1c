import { ClickHouseError } from './http/errors.ts';

/** A piece of SQL between spaces and comments; `start` and `end` are its place in the text. */
export interface Token {
  kind: 'word' | 'quoted' | 'literal' | 'number' | 'other';
  text: string;
  start: number;
  end: number;
}

const Code = {
  Tab: 9,
  Return: 13,
  Space: 32,
  Exclamation: 33,
  DoubleQuote: 34,
  Hash: 35,
  Dollar: 36,
  Quote: 39,
  Star: 42,
  Minus: 45,
  Dot: 46,
  Slash: 47,
  Backslash: 92,
  Backtick: 96,
} as const;

const isSpace = (code: number): boolean => code === Code.Space || (code >= Code.Tab && code <= Code.Return);
const isDigit = (code: number): boolean => code >= 48 && code <= 57;
const isLetter = (code: number): boolean => (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95;

/** The tokens of a text, one after the other; works character by character, since it stands in the event loop's way. */
export function* tokens(sql: string): Generator<Token> {
  let at = 0;
  while (at < sql.length) {
    const code = sql.charCodeAt(at);
    const start = at;
    if (isSpace(code)) {
      at++;
      continue;
    }
    const comment = endOfComment(sql, at, code);
    if (comment !== undefined) {
      at = comment;
      continue;
    }
    let kind: Token['kind'] = 'other';
    if (isLetter(code)) {
      kind = 'word';
      at = endOfWord(sql, at);
    } else if (isDigit(code)) {
      kind = 'number';
      at = endOfNumber(sql, at);
    } else if (code === Code.Quote) {
      kind = 'literal';
      at = endOfQuotes(sql, at, code);
    } else if (code === Code.Backtick || code === Code.DoubleQuote) {
      kind = 'quoted';
      at = endOfQuotes(sql, at, code);
    } else if (code === Code.Dollar) {
      const end = endOfHeredoc(sql, at);
      if (end !== undefined) kind = 'literal';
      at = end ?? at + 1;
    } else {
      at++;
    }
    yield { kind, text: sql.slice(start, at), start, end: at };
  }
}

function endOfComment(sql: string, at: number, code: number): number | undefined {
  const next = sql.charCodeAt(at + 1);
  const isLine =
    (code === Code.Minus && next === Code.Minus) ||
    (code === Code.Hash && (next === Code.Space || next === Code.Exclamation));
  if (isLine) return endOf(sql.indexOf('\n', at), sql, 1);
  if (code === Code.Slash && next === Code.Star) return endOf(sql.indexOf('*/', at + 2), sql, 2);
  return undefined;
}

const endOf = (found: number, sql: string, length: number): number => (found < 0 ? sql.length : found + length);

function endOfWord(sql: string, at: number): number {
  let end = at + 1;
  while (end < sql.length && (isLetter(sql.charCodeAt(end)) || isDigit(sql.charCodeAt(end)))) end++;
  return end;
}

function endOfNumber(sql: string, at: number): number {
  let end = at + 1;
  while (end < sql.length) {
    const code = sql.charCodeAt(end);
    if (!isLetter(code) && !isDigit(code) && code !== Code.Dot) break;
    end++;
  }
  return end;
}

/** A quote inside is doubled or stands behind a backslash; quotes that are never closed reach to the end. */
function endOfQuotes(sql: string, at: number, quotes: number): number {
  for (let end = at + 1; end < sql.length; end++) {
    const code = sql.charCodeAt(end);
    if (code === Code.Backslash) end++;
    else if (code === quotes) {
      if (sql.charCodeAt(end + 1) !== quotes) return end + 1;
      end++;
    }
  }
  return sql.length;
}

function endOfHeredoc(sql: string, at: number): number | undefined {
  const tag = /^\$\w*\$/.exec(sql.slice(at, at + 200))?.[0];
  const close = tag === undefined ? -1 : sql.indexOf(tag, at + tag.length);
  return tag === undefined || close < 0 ? undefined : close + tag.length;
}

/** What has to be known of a statement before the engine gets it. */
export interface Statement {
  /** Its first word in capitals (`SELECT`, `INSERT`, …), empty without one. */
  verb: string;
  /** The format its FORMAT clause names. */
  format?: string;
  /** Of an `INSERT … FORMAT x` or `… VALUES` with data behind it: where things stand in the text. */
  insert?: { sourceEnd: number; dataStart: number; isValues?: boolean };
  /** Where an INTO OUTFILE clause would stand; absent when it has one. */
  outfileAt?: number;
}

/**
 * Looks at a statement without running it.
 * Offsets count characters: give it latin1 to get bytes. Throws a ClickHouseError 62 for several statements at once.
 *
 * @param dataFollows the text may break off in the data of an INSERT: nothing is read behind VALUES
 */
export function inspect(sql: string, dataFollows = false): Statement {
  const found: Statement = { verb: '' };
  let depth = 0;
  let previous: Token | undefined;
  let sourceEnd: number | undefined;
  let readsOwnRows = false;
  let ended = false;
  /** A FORMAT clause, if nothing but SETTINGS comes after it. */
  let clause: { format: string; start: number; isLast: boolean } | undefined;
  let hasOutfile = false;
  for (const token of tokens(sql)) {
    if (token.text === ';') {
      ended = true;
      continue;
    }
    if (ended) throw ClickHouseError.of(62, 'SYNTAX_ERROR', 'Syntax error (Multi-statements are not allowed)');
    const word = token.kind === 'word' ? token.text.toUpperCase() : '';
    const before = previous?.kind === 'word' ? previous.text.toUpperCase() : '';
    if (!found.verb && word) found.verb = word;
    if (token.text === '(') depth++;
    else if (token.text === ')') depth--;
    else if (depth === 0 && found.verb === 'INSERT') {
      if (word === 'VALUES' && dataFollows && !readsOwnRows) {
        const isValues = true;
        return { ...found, insert: { sourceEnd: sourceEnd ?? token.start, dataStart: token.end, isValues } };
      }
      if (word === 'SELECT' || word === 'VALUES' || word === 'WITH') readsOwnRows = true;
      // FROM INFILE has to stand before SETTINGS.
      if (word === 'SETTINGS' && sourceEnd === undefined) sourceEnd = previous?.end;
      if (before === 'FORMAT' && word && !readsOwnRows) {
        found.format = token.text;
        const dataStart = /^\s*;/.test(sql.slice(token.end, token.end + 100))
          ? sql.indexOf(';', token.end) + 1
          : token.end;
        found.insert = { sourceEnd: sourceEnd ?? previous?.start ?? 0, dataStart };
        return found;
      }
    }
    if (clause && !clause.isLast) {
      if (word === 'SETTINGS') clause.isLast = true;
      else clause = undefined;
    }
    // The engine writes a format that is a word of its own in backticks: FORMAT `Values`.
    if (depth === 0 && before === 'FORMAT' && (word || token.kind === 'quoted') && previous) {
      clause = { format: token.text.replaceAll('`', ''), start: previous.start, isLast: false };
    }
    if (before === 'INTO' && word === 'OUTFILE') hasOutfile = true;
    previous = token;
  }
  if (clause) found.format = clause.format;
  if (!hasOutfile) found.outfileAt = clause?.start ?? previous?.end ?? 0;
  return found;
}

/** A string literal of ClickHouse's SQL, safe for any text. */
export function quote(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&').replaceAll('\0', '\\0')}'`;
}

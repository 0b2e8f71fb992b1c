import { ClickHouseError } from './errors.ts';

interface Token {
  kind: 'word' | 'quoted' | 'other';
  text: string;
  end: number;
}

// The loops inside quotes are unrolled so that a literal of many megabytes does not exhaust the regexp's stack.
const LEXER = new RegExp(
  [
    String.raw`(?<space>\s+|--[^\n]*|#[ !][^\n]*|\/\*[\s\S]*?\*\/)`,
    String.raw`(?<literal>'[^'\\]*(?:(?:\\[\s\S]|'')[^'\\]*)*'|\$(?<tag>\w*)\$[\s\S]*?\$\k<tag>\$)`,
    String.raw`(?<quoted>\x60[^\x60\\]*(?:(?:\\[\s\S]|\x60\x60)[^\x60\\]*)*\x60|"[^"\\]*(?:(?:\\[\s\S]|"")[^"\\]*)*")`,
    String.raw`(?<word>[A-Za-z_]\w*)`,
    String.raw`(?<number>\d[\w.]*)`,
    String.raw`[\s\S]`,
  ].join('|'),
  'y',
);

function* tokens(sql: string): Generator<Token> {
  const lexer = new RegExp(LEXER);
  for (let match = lexer.exec(sql); match; match = lexer.exec(sql)) {
    const { space, word, quoted, literal } = match.groups ?? {};
    if (space !== undefined) continue;
    const kind = word !== undefined ? 'word' : quoted !== undefined ? 'quoted' : 'other';
    yield { kind, text: literal === undefined ? match[0] : "''", end: lexer.lastIndex };
  }
}

/** What has to be known of a statement before the engine gets it. */
export interface Statement {
  /** Its first word in capitals (`SELECT`, `INSERT`, …), empty without one. */
  verb: string;
  /** The format its FORMAT clause names. */
  format?: string;
  /** Of an `INSERT … FORMAT x` with data behind it: where things stand in the text. */
  insert?: { sourceEnd: number; dataStart: number };
}

/**
 * Looks at a statement without running it.
 * Offsets count characters: give it latin1 to get bytes. Throws a ClickHouseError 62 for several statements at once.
 */
export function inspect(sql: string): Statement {
  const found: Statement = { verb: '' };
  let depth = 0;
  let previous: Token | undefined;
  let sourceEnd: number | undefined;
  let readsOwnRows = false;
  let ended = false;
  for (const token of tokens(sql)) {
    if (token.text === ';') {
      ended = true;
      continue;
    }
    if (ended) throw ClickHouseError.of(62, 'SYNTAX_ERROR', 'Syntax error (Multi-statements are not allowed)');
    const word = token.kind === 'word' ? token.text.toUpperCase() : '';
    if (!found.verb && word) found.verb = word;
    if (token.text === '(') depth++;
    else if (token.text === ')') depth--;
    else if (depth === 0 && found.verb === 'INSERT') {
      if (word === 'SELECT' || word === 'VALUES' || word === 'WITH') readsOwnRows = true;
      // FROM INFILE has to stand before SETTINGS.
      if (word === 'SETTINGS' && sourceEnd === undefined) sourceEnd = previous?.end;
      if (previous?.kind === 'word' && previous.text.toUpperCase() === 'FORMAT' && word && !readsOwnRows) {
        found.format = token.text;
        const dataStart = /^\s*;/.test(sql.slice(token.end, token.end + 100))
          ? sql.indexOf(';', token.end) + 1
          : token.end;
        found.insert = { sourceEnd: sourceEnd ?? previous.end - previous.text.length, dataStart };
        return found;
      }
    } else if (depth === 0 && word && previous?.kind === 'word' && previous.text.toUpperCase() === 'FORMAT') {
      found.format = token.text;
    }
    previous = token;
  }
  return found;
}

/** A string literal of ClickHouse's SQL, safe for any text. */
export function quote(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&').replaceAll('\0', '\\0')}'`;
}

/** Every word and every quoted name of a statement in lower case, without literals and comments. */
export function namesIn(sql: string): string[] {
  const names: string[] = [];
  for (const { kind, text } of tokens(sql)) {
    if (kind === 'word') names.push(text.toLowerCase());
    else if (kind === 'quoted') names.push(text.slice(1, -1).toLowerCase());
  }
  return names;
}

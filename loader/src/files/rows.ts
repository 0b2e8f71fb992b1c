/**
 * Splits CSV text into rows. It is our own and not papaparse because papaparse, which is fast enough, neither says on
 * which line a row began nor gives up on a quote that is never closed: it would take the rest of the file, however
 * long, for one field. Here such a quote costs its own line and nothing else.
 */

/** A row of a CSV file. */
export interface Row {
  /** The physical line (from 1, ended by LF) on which the row begins. */
  line: number;
  /** The row as it stands in the file, without its line end. */
  text: string;
  /** The row's fields; undefined when it cannot be split, see `fault`. */
  fields: string[] | undefined;
  /** Why the row cannot be split. */
  fault: string | undefined;
}

/** More characters than this are no row: a bound for memory, far above any basket. */
export const MAX_ROW_LENGTH = 262_144;

const QUOTE = 34;
const LF = 10;
const CR = 13;

const isLineEnd = (text: string, at: number) =>
  text.charCodeAt(at) === LF || (text.charCodeAt(at) === CR && text.charCodeAt(at + 1) === LF);

/** Splits text that arrives in pieces; every piece answers with the rows that are complete. Blank lines are none. */
export class RowSplitter {
  #rest = '';
  #line = 1;
  /** Inside the tail of a line that was too long and is already answered for. */
  #skipping = false;
  readonly #separator: string;

  /** @param separator the one character between two fields */
  constructor(separator = ',') {
    this.#separator = separator;
  }

  /** Takes the next piece of text. */
  push(piece: string): Row[] {
    return this.#split(piece, false);
  }

  /** The text is at its end: the last row needs no line end. */
  end(): Row[] {
    return this.#split('', true);
  }

  #split(piece: string, last: boolean): Row[] {
    const text = this.#rest + piece;
    const rows: Row[] = [];
    let start = 0;
    while (start < text.length) {
      const lineEnd = text.indexOf('\n', start);
      if (lineEnd === -1 && !last) {
        if (this.#skipping) start = text.length;
        else if (text.length - start > MAX_ROW_LENGTH) {
          rows.push(this.#broken(text.slice(start, start + 1000), 'the line is too long'));
          this.#skipping = true;
          start = text.length;
        }
        break;
      }
      const stop = lineEnd === -1 ? text.length : lineEnd;
      if (this.#skipping) {
        this.#skipping = false;
        this.#line++;
        start = stop + 1;
        continue;
      }

      const found = this.#row(text, start, stop, last);
      if (found === undefined) break;
      if (found.row.fields === undefined || found.row.text.trim() !== '') rows.push(found.row);
      this.#line += found.lines;
      start = found.next;
    }
    this.#rest = text.slice(start);
    return rows;
  }

  #broken(text: string, fault: string): Row {
    return { line: this.#line, text, fields: undefined, fault };
  }

  /** The row that begins at `start`, on the line that ends at `stop`; undefined when more text must decide. */
  #row(text: string, start: number, stop: number, last: boolean) {
    const fields: string[] = [];
    let lines = 1;
    let lineEnd = stop;
    let at = start;

    const alone = (fault: string) => ({
      row: this.#broken(text.slice(start, this.#trimmed(text, start, stop)), fault),
      lines: 1,
      next: stop + 1,
    });

    for (;;) {
      if (text.charCodeAt(at) !== QUOTE) {
        const next = text.indexOf(this.#separator, at);
        if (next !== -1 && next < lineEnd) {
          fields.push(text.slice(at, next));
          at = next + 1;
          continue;
        }
        const end = this.#trimmed(text, at, lineEnd);
        fields.push(text.slice(at, end));
        return { row: this.#whole(text.slice(start, end), fields), lines, next: lineEnd + 1 };
      }

      let close = text.indexOf('"', at + 1);
      let doubled = false;
      while (close !== -1 && text.charCodeAt(close + 1) === QUOTE) {
        doubled = true;
        close = text.indexOf('"', close + 2);
      }
      const tooLong = (close === -1 ? text.length : close) - start > MAX_ROW_LENGTH;
      if (tooLong || (close === -1 && last)) return alone('a quote is opened and never closed');
      // At the very end of a piece the quote may still turn out to be doubled, or a CR to belong to a line end.
      if (close === -1 || (close + 2 >= text.length && !last)) return undefined;

      const value = text.slice(at + 1, close);
      fields.push(doubled ? value.replaceAll('""', '"') : value);
      if (close > lineEnd) {
        for (let lf = text.indexOf('\n', at); lf !== -1 && lf < close; lf = text.indexOf('\n', lf + 1)) lines++;
        lineEnd = text.indexOf('\n', close);
        if (lineEnd === -1) {
          if (!last) return undefined;
          lineEnd = text.length;
        }
      }

      const after = close + 1;
      if (after >= text.length || isLineEnd(text, after)) {
        return { row: this.#whole(text.slice(start, after), fields), lines, next: lineEnd + 1 };
      }
      if (text[after] !== this.#separator)
        return alone('a quote stands where none may: after a closing one must come a separator');
      at = after + 1;
    }
  }

  #whole(text: string, fields: string[]): Row {
    return { line: this.#line, text, fields, fault: undefined };
  }

  /** Where the line ends without its CR. */
  #trimmed(text: string, start: number, end: number): number {
    return end > start && text.charCodeAt(end - 1) === CR ? end - 1 : end;
  }
}

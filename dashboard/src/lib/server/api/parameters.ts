import type { Scope } from '@tillstream/clickhouse/calendar/cover';
import { BEGINNING, END, type ShopCalendar, withinTime } from '@tillstream/clickhouse/calendar/shop-calendar';
import { badParameters } from './problems.ts';

/** All purchases there are. */
export const EVERYTHING: Scope = { from: BEGINNING, to: END };

/**
 * Reads parameters of a query string and collects what is wrong with them. An empty value counts as absent;
 * a parameter that is given twice is a fault, since either could be meant.
 */
export class Parameters {
  readonly #search: URLSearchParams;
  readonly #faults: { detail: string; parameter: string }[] = [];

  constructor(search: URLSearchParams) {
    this.#search = search;
  }

  /** The value, read by `parse`; `expected` says what it should have been. */
  read<T>(parameter: string, parse: (text: string) => T | undefined, expected: string): T | undefined {
    const [text = '', ...more] = this.#search.getAll(parameter);
    if (more.length > 0) this.fault(parameter, 'is given more than once');
    if (text === '') return undefined;
    const value = parse(text);
    if (value === undefined) this.fault(parameter, `must be ${expected}, not ${JSON.stringify(text.slice(0, 60))}`);
    return value;
  }

  oneOf<const T extends string>(parameter: string, values: readonly T[]): T | undefined {
    return this.read(parameter, (text) => values.find((value) => value === text), values.join(' or '));
  }

  wholeNumber(parameter: string, min: number, max: number): number | undefined {
    const parse = (text: string) => {
      const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
      return value >= min && value <= max ? value : undefined;
    };
    return this.read(parameter, parse, `a whole number from ${min} to ${max}`);
  }

  /** `branch`, `from` and `to`, which every question takes; what is absent leaves that side open. */
  scope(calendar: ShopCalendar): Scope {
    const expected = 'a date (2026-11-20) or a moment (2026-11-20T10:00, with or without a zone)';
    const branch = this.read('branch', (text) => text, 'a branch');
    const from = this.read('from', calendar.parse, expected);
    const to = this.read('to', calendar.parse, expected);
    if (from !== undefined && to !== undefined && from >= to) {
      this.fault('to', 'must be after from; a period ends before its "to"');
    }
    return { branch, ...withinTime({ from: from ?? BEGINNING, to: to ?? END }) };
  }

  fault(parameter: string, detail: string): void {
    this.#faults.push({ detail, parameter });
  }

  /** Throws a 422 that names every fault found so far, if there is one. */
  check(): void {
    if (this.#faults.length > 0) throw badParameters(this.#faults);
  }
}

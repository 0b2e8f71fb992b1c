import { describe, expect, it } from 'vitest';
import { dateOf, END, shopCalendar, withinTime } from './shop-calendar.ts';

const utc = (text: string) => Date.parse(text);
const iso = (instant: number | undefined) => (instant === undefined ? undefined : new Date(instant).toISOString());
const HOUR = 3_600_000;

const berlin = shopCalendar('Europe/Berlin', '00:00');
const night = shopCalendar('Europe/Berlin', '04:00');
const newYork = shopCalendar('America/New_York', '04:00');
const kathmandu = shopCalendar('Asia/Kathmandu', '00:00');
const lordHowe = shopCalendar('Australia/Lord_Howe', '00:00');

describe('reading a date or a moment', () => {
  it.each([
    [berlin, '2026-11-20', '2026-11-19T23:00:00.000Z'],
    [night, '2026-11-20', '2026-11-20T03:00:00.000Z'],
    [newYork, '2026-11-20', '2026-11-20T09:00:00.000Z'],
    [kathmandu, '2026-11-20', '2026-11-19T18:15:00.000Z'],
    [berlin, '2026-11-20T10:00:00Z', '2026-11-20T10:00:00.000Z'],
    [berlin, '2026-11-20T10:00:00+05:30', '2026-11-20T04:30:00.000Z'],
    [berlin, '2026-11-20T10:00:00-0800', '2026-11-20T18:00:00.000Z'],
    // "+" in a URL that was not encoded.
    [berlin, '2026-11-20T10:00:00 01:00', '2026-11-20T09:00:00.000Z'],
    [berlin, '2026-11-20T10:00', '2026-11-20T09:00:00.000Z'],
    [berlin, '2026-07-20 10:00:30', '2026-07-20T08:00:30.000Z'],
    [berlin, '2026-11-20T10:00:00.123Z', '2026-11-20T10:00:00.123Z'],
    // A sale at .123 is before .1231 and one at .124 is not.
    [berlin, '2026-11-20T10:00:00.1231Z', '2026-11-20T10:00:00.124Z'],
    [berlin, '2024-02-29', '2024-02-28T23:00:00.000Z'],
  ])('%# %s', (calendar, text, expected) => {
    expect(iso(calendar.parse(text))).toBe(expected);
  });

  it.each([
    '',
    'x',
    '2026-02-30',
    '2026-13-01',
    '2026-11-20T25:00',
    '2026-11-20T24:00',
    '2026-11-20T10:61',
    '20261120',
    '2026-1-2',
    '2026-11-20T10',
    '2026-11-20T10:00+99:00',
    '0001-01-01',
  ])('refuses %j', (text) => expect(berlin.parse(text)).toBeUndefined());

  it('takes a time that the clock skips for the moment of the jump, and one that it repeats for the first', () => {
    expect(iso(berlin.parse('2026-03-29T02:30'))).toBe('2026-03-29T01:00:00.000Z');
    expect(iso(berlin.parse('2026-10-25T02:30'))).toBe('2026-10-25T00:30:00.000Z');
    expect(iso(newYork.parse('2026-03-08T02:59:59'))).toBe('2026-03-08T07:00:00.000Z');
    expect(iso(newYork.parse('2026-11-01T01:00'))).toBe('2026-11-01T05:00:00.000Z');
  });

  it('reads a month as its business days', () => {
    const month = night.parseMonth('2026-03');
    expect([iso(month?.from), iso(month?.to)]).toEqual(['2026-03-01T03:00:00.000Z', '2026-04-01T02:00:00.000Z']);
    expect(berlin.parseMonth('2026-12')?.to).toBe(utc('2026-12-31T23:00:00Z'));
    for (const text of ['2026-13', '2026', '2026-00', '2026-3', 'x']) expect(berlin.parseMonth(text)).toBeUndefined();
  });

  it('keeps periods within what the databases can hold', () => {
    expect(withinTime({ from: utc('1900-01-01'), to: utc('9999-01-01') })).toEqual({ from: 0, to: END });
  });
});

describe('business days', () => {
  it('are 23 and 25 hours long when the clock changes', () => {
    const length = (calendar: typeof berlin, date: string) => {
      const day = Date.parse(date) / 86_400_000;
      return (calendar.dayStart(day + 1) - calendar.dayStart(day)) / HOUR;
    };
    expect([length(berlin, '2026-03-29'), length(berlin, '2026-10-25'), length(berlin, '2026-06-01')]).toEqual([
      23, 25, 24,
    ]);
    // From 04:00 the night of the change belongs to the day before.
    expect([length(night, '2026-03-28'), length(night, '2026-03-29'), length(night, '2026-10-24')]).toEqual([
      23, 24, 25,
    ]);
    expect([length(newYork, '2026-03-07'), length(newYork, '2026-10-31')]).toEqual([23, 25]);
    expect([length(lordHowe, '2026-10-04'), length(lordHowe, '2026-04-05')]).toEqual([23.5, 24.5]);
  });

  it('change at their start on the clock, also on the day of the change', () => {
    expect(dateOf(night.dayOf(utc('2026-03-29T01:59:59.999Z')))).toBe('2026-03-28');
    expect(dateOf(night.dayOf(utc('2026-03-29T02:00:00Z')))).toBe('2026-03-29');
    expect(dateOf(night.dayOf(utc('2026-10-25T02:59:59.999Z')))).toBe('2026-10-24');
    expect(dateOf(night.dayOf(utc('2026-10-25T03:00:00Z')))).toBe('2026-10-25');
  });

  it.each([
    ['Europe/Berlin', '02:30'],
    ['Europe/Berlin', '00:00'],
    ['America/New_York', '01:30'],
    ['Australia/Lord_Howe', '01:45'],
    ['Asia/Kathmandu', '05:15'],
    ['America/Sao_Paulo', '00:00'],
    ['Africa/Cairo', '00:00'],
  ])('every quarter of a year belongs to the day whose start it follows: %s from %s', (timeZone, start) => {
    const calendar = shopCalendar(timeZone, start);
    // An `expect` for each of the 35,000 would take longer than what it asks.
    const faults: string[] = [];
    let last = calendar.dayOf(utc('2018-01-01'));
    for (let at = utc('2018-01-01'); at < utc('2018-12-31'); at += HOUR / 4) {
      const day = calendar.dayOf(at);
      if (day !== last && (day !== last + 1 || calendar.dayStart(day) !== at)) faults.push(new Date(at).toISOString());
      last = day;
    }
    expect(last).toBe(calendar.dayOf(utc('2018-12-30T23:45:00Z')));
    expect(faults).toEqual([]);
  });
});

describe('starts', () => {
  const list = (calendar: typeof berlin, by: 'hour' | 'day' | 'month', from: string, to: string) =>
    [...calendar.starts(by, { from: utc(from), to: utc(to) })].map(iso);

  it('of hours have neither gap nor double when the clock changes', () => {
    for (const day of ['2026-03-29', '2026-10-25']) {
      const starts = [...berlin.starts('hour', { from: utc(`${day}T00:00Z`) - 3 * HOUR, to: utc(`${day}T06:00Z`) })];
      expect(starts).toHaveLength(9);
      expect(starts.every((start, index) => index === 0 || start - (starts[index - 1] ?? 0) === HOUR)).toBe(true);
    }
  });

  it('of hours begin when the clock shows a full hour', () => {
    expect(list(kathmandu, 'hour', '2026-01-01T00:20Z', '2026-01-01T02:00Z')).toEqual([
      '2026-01-01T00:15:00.000Z',
      '2026-01-01T01:15:00.000Z',
    ]);
    // The clock goes back by half an hour at 15:00 UTC: the hour from 01:00 lasts one and a half.
    expect(list(lordHowe, 'hour', '2026-04-04T14:00Z', '2026-04-04T16:00Z')).toEqual([
      '2026-04-04T14:00:00.000Z',
      '2026-04-04T15:30:00.000Z',
    ]);
  });

  it('of days and months: the first at or before the beginning, none at the end', () => {
    expect(list(night, 'day', '2026-03-28T12:00Z', '2026-03-30T02:00Z')).toEqual([
      '2026-03-28T03:00:00.000Z',
      '2026-03-29T02:00:00.000Z',
    ]);
    expect(list(berlin, 'month', '2026-03-10T00:00Z', '2026-05-01T00:00Z')).toEqual([
      '2026-02-28T23:00:00.000Z',
      '2026-03-31T22:00:00.000Z',
      '2026-04-30T22:00:00.000Z',
    ]);
  });
});

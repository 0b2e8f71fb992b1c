import { describe, expect, it } from 'vitest';
import { dayFinding } from '../charts/day-chart.ts';
import { hourFinding, hoursShown } from '../charts/hour-chart.ts';
import { compare } from '../figures/comparison.ts';
import type { Today } from '../figures/figures.ts';
import { pipelineLine } from '../pipeline/pipeline-line.ts';
import { createFormat, duration } from './format.ts';

const format = createFormat({ currency: 'EUR', timeZone: 'Europe/Berlin' });
const NOW = Date.parse('2026-11-20T13:05:00Z');

describe('compare', () => {
  it('calls a first figure new, no change neutral, and never divides by zero', () => {
    expect(compare(5, 0)).toEqual({ kind: 'new' });
    expect(compare(0, 0)).toEqual({ kind: 'nothing' });
    expect(compare(5, 5)).toEqual({ kind: 'same' });
    expect(compare(150, 100)).toEqual({ kind: 'up', percent: 50 });
    expect(compare(0, 100)).toEqual({ kind: 'down', percent: 100 });
    expect(compare(100_001, 100_000)).toEqual({ kind: 'up', percent: 0 });
  });
});

describe('format', () => {
  it('writes money in the minor units of its currency', () => {
    expect(format.money(123_450)).toBe('€1,234.50');
    expect(createFormat({ currency: 'JPY', timeZone: 'UTC' }).money(1234)).toBe('JP¥1,234');
    expect(createFormat({ currency: 'KWD', timeZone: 'UTC' }).money(1234)).toMatch(/1\.234$/);
    expect(format.shortMoney(120_000)).toMatch(/^€1\.2k$/i);
  });

  it("writes times on the shop's clock and dates as they are", () => {
    expect(format.time(NOW)).toBe('14:05');
    expect(format.timeNear(NOW - 3_600_000, NOW)).toBe('13:05:00');
    expect(format.timeNear(NOW - 3 * 86_400_000, NOW)).toBe('17 Nov, 14:05');
    expect(format.fullDate('2026-11-20')).toBe('Friday 20 November 2026');
    expect(format.dayDate('2026-11-20')).toBe('Fri 20 Nov');
    expect(createFormat({ currency: 'EUR', timeZone: 'Pacific/Kiritimati' }).shortDate('2026-11-20')).toBe('20 Nov');
  });

  it('writes durations with one unit', () => {
    expect([0, 59_000, 61_000, 7_200_000, 3 * 86_400_000, -5].map(duration)).toEqual([
      '0 s',
      '59 s',
      '1 min',
      '2 h',
      '3 days',
      '0 s',
    ]);
  });
});

describe('pipelineLine', () => {
  const fine = { waiting: 0, waiting_since: null, uncounted: 0, books: null, sealer: null };
  const stateOf = (pipeline: Partial<Parameters<typeof pipelineLine>[0]>, ok = true) =>
    pipelineLine({ ...fine, ...pipeline }, { ok, now: NOW, format });

  it('says what is wrong, the worst first', () => {
    const since = new Date(NOW - 40_000).toISOString();
    expect(stateOf({}).state).toBe('flowing');
    expect(stateOf({ waiting: 3, waiting_since: new Date(NOW - 100).toISOString() }).state).toBe('flowing');
    expect(stateOf({ waiting: 128, waiting_since: since }).line).toMatch(
      /^128 sales are on the way, the first for 40 s/,
    );
    expect(stateOf({ waiting: 10_001, waiting_since: since }).line).toMatch(/^More than 10,000 sales are/);
    expect(stateOf({ uncounted: 5_000 }).state).toBe('late');
    expect(stateOf({ waiting: null }).state).toBe('unknown');
    expect(stateOf({ waiting: null }, false).state).toBe('away');
  });
});

describe('what charts say', () => {
  const none = { purchases: 0, revenue_minor: 0 };
  const today = (sold: Record<number, number>, before: Record<number, number>, hour: number): Today => ({
    date: '2026-11-20',
    before_date: '2026-11-13',
    so_far: { ...none, average_basket_minor: 0 },
    before: { ...none, average_basket_minor: 0 },
    hours: Array.from({ length: 24 }, (_, index) => ({
      clock: `${String(index).padStart(2, '0')}:00`,
      today: { purchases: sold[index] === undefined ? 0 : 1, revenue_minor: sold[index] ?? 0 },
      before: { purchases: before[index] === undefined ? 0 : 1, revenue_minor: before[index] ?? 0 },
    })),
    hour,
  });

  it('by the hour', () => {
    expect(hourFinding(today({ 9: 500, 11: 1200 }, {}, 12), [], format)).toBe(
      'Busiest hour so far: 11:00, with €12.00 from 1 purchase.',
    );
    expect(hourFinding(today({}, { 9: 300 }, 8), [], format)).toBe(
      'No sale yet today. Last Friday brought €3.00 in the whole day.',
    );
    expect(hourFinding(today({}, {}, 8), [], format)).toBe('No sale yet today.');
    expect(hoursShown(today({ 9: 1 }, { 7: 1, 20: 1 }, 12))).toEqual({ first: 7, last: 20 });
    expect(hoursShown(today({}, {}, 12))).toEqual({ first: 12, last: 12 });
  });

  it('names the newest hour that is over and far from what is usual', () => {
    const usual = Array.from({ length: 24 }, () => ({ low: 400, usual: 600, high: 800 }));
    expect(
      hourFinding(
        today({ 9: 500, 10: 1200, 11: 1 }, {}, 11),
        usual.slice(0, 11).fill({ low: 0, usual: 0, high: 0 }, 0, 9),
        format,
      ),
    ).toBe(
      'Busiest hour so far: 10:00, with €12.00 from 1 purchase. Unusual: the hour from 10:00 brought €12.00, where €4.00 to €8.00 is usual.',
    );
    expect(hourFinding(today({}, {}, 2), usual, format)).toBe(
      'No sale yet today. Unusual: the hour from 01:00 brought €0.00, where €4.00 to €8.00 is usual. So was 1 other.',
    );
  });

  it('names a day far from what is usual, but not the one that is running', () => {
    const usual = { low: 400, usual: 600, high: 800 };
    const days = [900, 500, 300, 10].map((revenue_minor, index) => ({
      date: `2026-11-1${index}`,
      purchases: 1,
      revenue_minor,
      usual,
    }));
    expect(dayFinding(days, format)).toContain(
      'Unusual: Thu 12 Nov brought €3.00, where €4.00 to €8.00 is usual. So was 1 other.',
    );
  });

  it('by the day: the mean leaves out today and the days before the first sale', () => {
    const day = (date: string, revenue_minor: number) => ({
      date,
      purchases: revenue_minor > 0 ? 1 : 0,
      revenue_minor,
      usual: null,
    });
    const days = [
      day('2026-11-16', 0),
      day('2026-11-17', 300),
      day('2026-11-18', 0),
      day('2026-11-19', 600),
      day('2026-11-20', 100),
    ];
    expect(dayFinding(days, format)).toBe(
      'Best day: Thu 19 Nov with €6.00. A day brings €3.00 on average, today left out.',
    );
    expect(dayFinding([day('2026-11-20', 0)], format)).toBe('No sale in the last 30 days.');
    expect(dayFinding([day('2026-11-20', 100)], format)).toBe('Best day: Fri 20 Nov with €1.00.');
  });
});

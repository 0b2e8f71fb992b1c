import { expect, test } from 'vitest';
import { parseMap } from '../map.ts';
import { dateReader } from './dates.ts';
import { receiptTimes } from './receipt-times.ts';

test.each([
  ['D/M/YYYY HH:mm', '3/12/2025 08:05', '2025-12-03T08:05:00'],
  ['DD.MM.YYYY HH:mm:ss', '03.12.2025 08:05:09', '2025-12-03T08:05:09'],
  ['M/D/YY h:mm A', '12/3/25 12:05 am', '2025-12-03T00:05:00'],
  ['M/D/YY h:mm A', '12/3/25 12:05 PM', '2025-12-03T12:05:00'],
  ['YYYY-MM-DD HH:mm:ss Z', '2025-12-03 08:05:09 -0500', '2025-12-03T08:05:09-0500'],
  ['YYYY-MM-DD HH:mm:ss Z', '2025-12-03 08:05:09 UTC', '2025-12-03T08:05:09Z'],
  ['D/M/YYYY HH:mm', '3/12/2025', undefined],
  ['D/M/YYYY HH:mm', '2025-12-03 08:05', undefined],
  ['M/D/YY h:mm A', '12/3/25 13:05 PM', undefined],
])('%s reads %s as %s', (format, text, iso) => expect(dateReader(format)(text)).toBe(iso));

test.each([
  ['D/M/YYYY', 'needs a year, a month, a day and an hour'],
  ['D/M/YYYY h:mm', 'needs A'],
  ['D/M/YYYY M HH', 'has a part twice'],
])('%s %s', (format, fault) => expect(() => dateReader(format)).toThrow(fault));

const COLUMNS = 'columns: {receipt_number: a, timestamp: b, branch: c, product: d, quantity: e, unit_price: f}\n';
const times = (more: string) => receiptTimes(parseMap(COLUMNS + more, 'map.yaml'), 'Europe/Berlin');

test("a time is on the row's clock, else the map's, else the shop's", () => {
  const zones = 'time_zones: {Eastern: America/New_York}\ntime_zone: Europe/London';
  expect(times('').read('2026-07-20 10:00', '')).toMatchObject({ instant: Date.UTC(2026, 6, 20, 8) });
  expect(times(zones).read('2026-07-20 10:00', '')).toMatchObject({ instant: Date.UTC(2026, 6, 20, 9) });
  expect(times(zones).read('2026-07-20 10:00', 'Eastern')).toMatchObject({ instant: Date.UTC(2026, 6, 20, 14) });
  expect(times(zones).read('2026-07-20 10:00', 'Asia/Tokyo')).toMatchObject({ instant: Date.UTC(2026, 6, 20, 1) });
  expect(times(zones).read('2026-07-20 10:00', 'Mars')).toEqual({
    field: 'time_zone',
    fault: 'is not a time zone such as Europe/Paris:',
  });
});

test.each([
  ['30/2/2026 10:00', 'is not a date and time such as D/M/YYYY H:mm:'],
  ['29/3/2026 2:30', 'does not exist: the clock was put forward over it:'],
])('%s: %s', (text, fault) => {
  expect(times('date_format: D/M/YYYY H:mm').read(text, '')).toEqual({ field: 'timestamp', fault });
});

test.each([
  ['columns: {receipt_number: a}', 'map.yaml: columns lacks timestamp; columns lacks product'],
  [`${COLUMNS}colums: {}`, 'map.yaml: the map Unrecognized key: "colums"'],
  [`${COLUMNS}time_zone: Mars`, 'map.yaml: time_zone is no time zone such as Europe/Paris'],
  [`${COLUMNS}date_format: D/M`, 'map.yaml: date_format'],
  [`${COLUMNS}decimal: ","\nthousands: ","`, 'map.yaml: thousands is the decimal mark'],
  [COLUMNS.replace('unit_price: f', 'unit_price: f, amount: g'), 'columns lacks one of unit_price (of one) and amount'],
  ['columns: {a: [}', 'map.yaml: '],
])('a map that is wrong: %j', (text, fault) => expect(() => parseMap(text, 'map.yaml')).toThrow(fault));

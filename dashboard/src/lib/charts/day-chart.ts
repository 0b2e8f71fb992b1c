import type { Figures } from '../figures/figures.ts';
import { text } from '../text/common.ts';
import type { Format } from '../words/format.ts';
import { type RevenueChart, revenueChart, type Theme } from './config.ts';
import { type Judged, usualDatasets, usualFinding, usualNote } from './usual.ts';

type Days = Figures['days'];

/** What the chart says in a sentence or two. Days before the first sale are no part of the mean. */
export const dayFinding = (days: Days, format: Format): string => {
  const best = days.reduce((top, day) => (day.revenue_minor > top.revenue_minor ? day : top), days[0] ?? EMPTY);
  if (best.purchases === 0) return text.days.none;
  const odd = usualFinding(judgedDays(days), (index) => format.dayDate(days[index]?.date ?? EMPTY.date), format);
  const full = days.slice(
    Math.max(
      0,
      days.findIndex((day) => day.purchases > 0),
    ),
    -1,
  );
  const sentence = text.days.best(format.dayDate(best.date), format.money(best.revenue_minor));
  if (full.length === 0) return sentence;
  const mean = Math.round(full.reduce((total, day) => total + day.revenue_minor, 0) / full.length);
  return [sentence, text.days.mean(format.money(mean)), odd].filter((part) => part !== '').join(' ');
};

/** Today is not over: it is not judged yet. */
export const judgedDays = (days: Days): Judged[] =>
  days.map(({ revenue_minor, usual }, index) => ({ revenue_minor, usual, over: index < days.length - 1 }));

const EMPTY = { date: '1970-01-01', purchases: 0, revenue_minor: 0 };

/** One bar a day; today, which is not over, in a softer colour. */
export const dayChart = (days: Days, format: Format, theme: Theme): RevenueChart =>
  revenueChart(
    days.map(({ date }) => format.shortDate(date)),
    [
      {
        type: 'bar',
        label: text.days.revenue,
        data: days.map(({ revenue_minor }) => revenue_minor),
        backgroundColor: days.map((_, index) => (index === days.length - 1 ? theme.accentSoft : theme.accent)),
        borderColor: theme.accent,
        borderWidth: days.map((_, index) => (index === days.length - 1 ? 1.5 : 0)),
        borderRadius: 3,
        maxBarThickness: 28 * theme.zoom,
      },
      ...usualDatasets(judgedDays(days), theme),
    ],
    {
      theme,
      across: text.days.day,
      up: text.axisRevenue(format.currency),
      axis: format.shortMoney,
      title: (index) => {
        const date = format.dayDate(days[index]?.date ?? EMPTY.date);
        return index === days.length - 1 ? `${date}, ${text.days.today}` : date;
      },
      tip: (_, index, minor) => {
        const purchases = days[index]?.purchases ?? 0;
        const note = usualNote(judgedDays(days)[index], format);
        return [format.money(minor), text.purchases(purchases, format.number(purchases)), note]
          .filter(Boolean)
          .join(', ');
      },
    },
  );

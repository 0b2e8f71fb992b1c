import type { Figures, Today } from '../figures/figures.ts';
import { text } from '../text/common.ts';
import type { Format } from '../words/format.ts';
import { type RevenueChart, revenueChart, type Theme } from './config.ts';
import { type Judged, usualDatasets, usualFinding, usualNote } from './usual.ts';

/** The hours worth showing: from the first to the last that sold on either day, the running hour included. */
export const hoursShown = ({ hours, hour }: Today): { first: number; last: number } => {
  const sold = hours.flatMap((entry, index) => (entry.today.purchases + entry.before.purchases > 0 ? [index] : []));
  return { first: Math.min(hour, ...sold), last: Math.max(hour, ...sold) };
};

/** Hours that have not begun have no value, which is not the same as no sale; the running one is not judged yet. */
export const judgedHours = ({ hours, hour }: Today, usual: Figures['usual_hours']): Judged[] =>
  hours.map((entry, index) => ({
    revenue_minor: index > hour && entry.today.purchases === 0 ? null : entry.today.revenue_minor,
    over: index < hour,
    usual: usual[index],
  }));

/** What the chart says: the busiest hour, or that there is none, and the newest hour far from what is usual. */
export const hourFinding = (today: Today, usual: Figures['usual_hours'], format: Format): string => {
  const clock = (index: number) => text.usual.hour(today.hours[index]?.clock ?? '');
  const odd = usualFinding(judgedHours(today, usual), clock, format);
  return odd === '' ? busiestHour(today, format) : `${busiestHour(today, format)} ${odd}`;
};

const busiestHour = (today: Today, format: Format): string => {
  const busiest = today.hours.reduce((best, entry) =>
    entry.today.revenue_minor > best.today.revenue_minor ? entry : best,
  );
  if (busiest.today.purchases > 0) {
    const { purchases, revenue_minor } = busiest.today;
    return text.hours.busiest(
      busiest.clock,
      format.money(revenue_minor),
      text.purchases(purchases, format.number(purchases)),
    );
  }
  const before = today.hours.reduce((total, entry) => total + entry.before.revenue_minor, 0);
  if (before === 0) return text.hours.noneAtAll;
  return text.hours.none(format.weekday(today.before_date), format.money(before));
};

/** Today's hours as bars, the same weekday before as a line of points. */
export const hourChart = (today: Today, usual: Figures['usual_hours'], format: Format, theme: Theme): RevenueChart => {
  const { first, last } = hoursShown(today);
  const shown = today.hours.slice(first, last + 1);
  const judged = judgedHours(today, usual).slice(first, last + 1);
  const series = [text.hours.today, text.hours.before(format.weekday(today.before_date))];
  return revenueChart(
    shown.map(({ clock }) => clock),
    [
      {
        type: 'line',
        label: series[1],
        data: shown.map(({ before }) => before.revenue_minor),
        borderColor: theme.muted,
        backgroundColor: theme.surface,
        borderWidth: 2,
        borderDash: [2, 4],
        pointRadius: 3,
        pointBorderWidth: 2,
        pointHitRadius: 12,
      },
      {
        type: 'bar',
        label: series[0],
        data: judged.map(({ revenue_minor }) => revenue_minor),
        backgroundColor: theme.accent,
        borderRadius: 4,
        maxBarThickness: 40,
      },
      ...usualDatasets(judged, theme),
    ],
    {
      theme,
      across: text.hours.hour,
      up: text.axisRevenue(format.currency),
      axis: format.shortMoney,
      title: (index) => shown[index]?.clock ?? '',
      tip: (label, index, minor) => {
        const totals = label === series[0] ? shown[index]?.today : shown[index]?.before;
        const purchases = totals?.purchases ?? 0;
        const note = label === series[0] ? usualNote(judged[index], format) : '';
        const said = [format.money(minor), text.purchases(purchases, format.number(purchases)), note];
        return `${label}: ${said.filter(Boolean).join(', ')}`;
      },
    },
  );
};

import type { ShopCalendar } from '@tillstream/clickhouse/calendar/shop-calendar';
import { ACTIONS, type AuditFilter } from './audit-log.ts';

/** The fields of the page's form. */
export interface AuditView {
  action: string;
  text: string;
  /** Business days, `YYYY-MM-DD`, both included; empty: open. */
  first: string;
  last: string;
}

/** What an address asks for. What cannot be read is left out: a broken link still shows entries. */
export const auditView = ({ searchParams }: URL): AuditView => {
  const get = (name: string) => searchParams.get(name)?.trim().slice(0, 100) ?? '';
  const day = (name: string) => (/^\d{4}-\d\d-\d\d$/.test(get(name)) ? get(name) : '');
  return {
    action: ACTIONS.find((known) => known === get('action')) ?? '',
    text: get('text'),
    first: day('first'),
    last: day('last'),
  };
};

export const auditFilter = (view: AuditView, url: URL, calendar: ShopCalendar): AuditFilter => {
  const below = url.searchParams.get('below') ?? '';
  const last = view.last === '' ? undefined : calendar.parse(view.last);
  return {
    action: view.action || undefined,
    text: view.text || undefined,
    from: view.first === '' ? undefined : calendar.parse(view.first),
    to: last === undefined ? undefined : calendar.dayStart(calendar.dayOf(last) + 1),
    below: /^\d{1,18}$/.test(below) ? below : undefined,
  };
};

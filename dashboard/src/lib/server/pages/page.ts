import { error } from '@sveltejs/kit';
import type { Scope } from '@tillstream/clickhouse/calendar/cover';
import type { PageAnswer, Part, ViewDays } from '../../figures/page-answer.ts';
import { parseView, type Resolved, resolveView, type View, viewQuery } from '../../state/view.ts';
import { getApp, type App as TheApp } from '../app.ts';
import { getLog } from '../log.ts';
import { hasBranch, type Who } from '../login/who.ts';
import { readBranches } from '../questions/catalog/branches.ts';
import { createShared, type Pace, type Shared } from '../shared.ts';

/** What a page's figures are read for. */
export interface PageAsk {
  app: TheApp;
  /** The parameter of the path, e.g. a product; empty without one. */
  id: string;
  view: View;
  resolved: Resolved;
  scope: Scope;
  /** What it is compared with. */
  before: Scope | undefined;
  now: number;
  signal: AbortSignal;
}

/** Figures that cost the same in any shop: each caller gets them as they are now. */
const AS_IT_IS: Pace = { freshMs: 0, rest: 0, background: false, timeoutMs: 10_000 };
/** Figures whose cost grows with the number of customers: read in the background, shown with their age. */
export const PACED: Pace = { freshMs: 60_000, rest: 30, background: true, timeoutMs: 60_000 };

/** Shares what `read` gives per view among all viewers; the key is the id and the view's query string. */
export const sharedByView = <T>(
  name: string,
  read: (ask: PageAsk) => Promise<T>,
  pace: Pace = AS_IT_IS,
): ((id: string, view: View) => Promise<Shared<T>>) => {
  const shared = createShared<T>(async (key, signal) => {
    const [id = '', query = ''] = key.split('\n');
    const search = new URLSearchParams(query);
    const view = parseView((parameter) => search.get(parameter));
    try {
      return await read(askOf(id, view, signal));
    } catch (error) {
      getLog().warn({ err: error, page: name }, 'figures of a page cannot be read');
      throw error;
    }
  }, pace);
  return (id, view) => shared(`${encodeURIComponent(id)}\n${viewQuery(view)}\n${today()}`);
};

const today = () => getApp().calendar.dayOf(Date.now());

const askOf = (id: string, view: View, signal: AbortSignal): PageAsk => {
  const app = getApp();
  const now = Date.now();
  const resolved = resolveView(view, app.calendar, now);
  const { branch } = view;
  return {
    app,
    id: decodeURIComponent(id),
    view,
    resolved,
    scope: { ...resolved.current, branch },
    before: resolved.before === undefined ? undefined : { ...resolved.before, branch },
    now,
    signal,
  };
};

interface PageEvent {
  url: URL;
  params: Partial<Record<string, string>>;
  locals: App.Locals;
  setHeaders: (headers: Record<string, string>) => void;
}

/** After this long (ms) a page is shown without a part that is being read for the first time. */
const PATIENCE_MS = 1_200;

/** A paced share as part of a page. */
export const partOf = async <T>(reading: Promise<Shared<T>>): Promise<Part<T>> => {
  const patience = new Promise<undefined>((resolve) => setTimeout(resolve, PATIENCE_MS));
  const found = await Promise.race([reading, patience]);
  if (found?.value === undefined) return { ok: found === undefined, read_at: null };
  return { ok: found.ok, read_at: new Date(found.readAt).toISOString(), value: found.value };
};

/** The view that only its branch tells from others, for figures of all time. */
export const branchOnly = ({ branch }: View): View => ({ period: 'all', branch, compare: 'none' });

/**
 * A page's load function and its figures as JSON, from one way of reading them.
 *
 * @param within leaves out the branches that who asks may not know of, of figures that have more than the one of the view
 */
export const figuresPage = <T, P = undefined>(
  name: string,
  read: (ask: PageAsk) => Promise<T>,
  readParts?: (id: string, view: View) => Promise<P>,
  within?: (figures: T, branches: readonly string[]) => T,
) => {
  const shared = sharedByView(name, read);
  const answer = async (id: string, view: View): Promise<PageAnswer<T, P>> => {
    const [{ ok, value, readAt }, parts] = await Promise.all([shared(id, view), readParts?.(id, view)]);
    return {
      key: `${id} ${viewQuery(view)}`,
      ok,
      read_at: value === undefined ? null : new Date(readAt).toISOString(),
      server_time: new Date().toISOString(),
      figures: value,
      parts: parts as P,
    };
  };
  const theirs = async (id: string, url: URL, who: Who | undefined): Promise<PageAnswer<T, P>> => {
    const found = await answer(id, await knownView(url, who));
    const branches = who?.branches;
    if (branches === undefined || found.figures === undefined || within === undefined) return found;
    return { ...found, figures: within(found.figures, branches) };
  };
  return {
    load: async ({ url, params, locals, setHeaders }: PageEvent) => {
      setHeaders({ 'cache-control': 'no-store' });
      return { answer: await theirs(params.id ?? '', url, locals.who) };
    },
    /** The same figures for a page that is open: it asks for its own address with `Accept: application/json`. */
    GET: async ({ url, params, locals }: Omit<PageEvent, 'setHeaders'>) =>
      Response.json(await theirs(params.id ?? '', url, locals.who), {
        headers: { 'cache-control': 'no-store', vary: 'accept' },
      }),
  };
};

const branchesNow = createShared((_, signal) => readBranches(getApp().clickhouse, signal), {
  ...AS_IT_IS,
  timeoutMs: 2_000,
});

/** The branches of the catalog; undefined while ClickHouse is away. */
const knownBranches = async () => (await branchesNow('')).value;

/** The branches of the catalog that somebody may know of; none while ClickHouse is away. */
export const branchesOf = async (who: Who | undefined) =>
  (await knownBranches())?.filter(({ branch_id }) => who !== undefined && hasBranch(who, branch_id)) ?? [];

/**
 * The view of an address. A branch that the catalog does not have is left out; while ClickHouse is away it stays. For somebody who has
 * some branches only it is about one of these, always.
 */
export const knownView = async (url: URL, who: Who | undefined): Promise<View> => {
  const view = parseView((name) => url.searchParams.get(name));
  // Nobody gets here whom the gate does not know.
  if (who === undefined) error(403, 'Not with this login');
  if (who.branches !== undefined) {
    if (view.branch === undefined || !who.branches.includes(view.branch)) error(404, 'Unknown branch');
    return view;
  }
  if (view.branch === undefined) return view;
  const branches = await knownBranches();
  const known = branches === undefined || branches.some(({ branch_id }) => branch_id === view.branch);
  return known ? view : { ...view, branch: undefined };
};

/** The days of a view as pages write them. */
export const daysOfView = (view: View): ViewDays => {
  const { calendar } = getApp();
  const now = Date.now();
  const { days, beforeDays, running, current, before } = resolveView(view, calendar, now);
  const iso = (moment: number) => new Date(moment).toISOString();
  return {
    days,
    beforeDays,
    running,
    from: days === undefined ? undefined : iso(current.from),
    to: days === undefined ? undefined : iso(current.to),
    until: new Date(calendar.wallAt(before?.to ?? now)).toISOString().slice(11, 16),
  };
};

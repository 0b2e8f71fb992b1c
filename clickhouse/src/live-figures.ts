import type { Arrived } from './arrived-purchases.ts';
import type { FoldedScope } from './beside-sql.ts';
import type { ShopCalendar } from './calendar/shop-calendar.ts';
import type { Places } from './catalog.ts';
import type { Change, ChangeFeed } from './change-feed.ts';
import { firstOfMonth } from './cover.ts';
import type { RowsOptions } from './exact-rows.ts';
import type { Fact } from './facts-beside.ts';
import { type FoldKind, type HeldFold, together, without } from './fold.ts';
import { scopeKey } from './folds.ts';
import { netOf } from './known-blocks.ts';

/** A moment of the purchases, and where branches are, then or later. */
export interface LiveMoment {
  position: number;
  places: Places;
}

/** What changes of the purchases. */
export interface LiveFeed extends Pick<ChangeFeed<Arrived>, 'since'> {
  now(): Promise<LiveMoment>;
}

/** Figures of scopes that were proven once and follow the feed of changes since: nothing is read for them. */
export interface LiveFigures<Figures> {
  /** Those of all scopes at one moment, not before the one given; undefined where they are not known. */
  at(
    scopes: readonly FoldedScope<HeldFold<Figures>>[],
    moment: LiveMoment,
  ): { figures: ReadonlyMap<string, Figures>[]; changes: number } | undefined;
  /** Takes figures of a scope that were read between two equal moments of the feed; its fold is the one that is found next. */
  keep(
    scope: Pick<FoldedScope<HeldFold<Figures>>, 'options' | 'fold'>,
    figures: ReadonlyMap<string, Figures>,
    moment: LiveMoment,
  ): void;
}

interface Live<Figures> {
  figures: ReadonlyMap<string, Figures>;
  position: number;
  places: string;
  /** How many changes they have taken in since they were proven. */
  changes: number;
}

/** Nothing is live at first. */
export const openLiveFigures = <Figures extends { newest: number }>(
  feed: Pick<LiveFeed, 'since'>,
  kind: FoldKind<Figures>,
  calendar: ShopCalendar,
): LiveFigures<Figures> => {
  // With its fold whatever was begun from it goes; one of spans, or of nothing, may be that of several scopes.
  const lives = new WeakMap<HeldFold<Figures>, Map<string, Live<Figures>>>();

  const liveOf = (folded: FoldedScope<HeldFold<Figures>>, { places }: LiveMoment): Live<Figures> | undefined => {
    const ofFold = lives.get(folded.fold);
    const key = scopeKey(folded.options);
    const live = ofFold?.get(key);
    if (ofFold === undefined || live === undefined) return undefined;
    const changes = live.places === places.hash ? feed.since(live.position) : undefined;
    const next =
      changes && followed(kind, live, folded, { changes, factOf: factsOf(calendar, folded.options, places.countries) });
    if (next === undefined) ofFold.delete(key);
    else ofFold.set(key, next);
    return next;
  };

  return {
    at: (scopes, moment) => {
      const found = scopes.map((folded) => liveOf(folded, moment));
      const known = found.flatMap((live) => live ?? []);
      if (known.length < scopes.length) return undefined;
      return {
        figures: known.map(({ figures }) => figures),
        changes: Math.max(...known.map(({ changes }) => changes)),
      };
    },
    keep: ({ options, fold }, figures, { position, places }) => {
      const ofFold = lives.get(fold) ?? new Map<string, Live<Figures>>();
      if (ofFold.size >= MOST_SCOPES) ofFold.clear();
      ofFold.set(scopeKey(options), { figures, position, places: places.hash, changes: 0 });
      lives.set(fold, ofFold);
    },
  };
};

/** Scopes of one fold. */
const MOST_SCOPES = 64;

/** Figures after some changes; undefined where it cannot be told what they are. */
const followed = <Figures extends { newest: number }>(
  kind: FoldKind<Figures>,
  live: Live<Figures>,
  { options, cover }: FoldedScope<HeldFold<Figures>>,
  { changes, factOf }: { changes: readonly Change<Arrived>[]; factOf: ReturnType<typeof factsOf> },
): Live<Figures> | undefined => {
  const last = changes.at(-1);
  if (last === undefined) return live;
  const { branch } = options.scope;
  const ofScope = changes.filter(({ after }) => branch === undefined || after.branch_id === branch);
  const net = netOf(ofScope);
  const [gone, come]: [Fact[], Fact[]] = [[], []];
  for (const { before, after } of net) {
    if (before?.counts) {
      const { day, fact } = factOf(before);
      // Of a span it is not known who bought nothing else there.
      if (!cover.openDays.includes(day)) return undefined;
      gone.push(fact);
    }
    if (after.counts) come.push(factOf(after).fact);
  }
  try {
    let { figures } = live;
    if (come.length > 0) figures = together(kind, figures, kind.ofFacts(come, options));
    if (gone.length > 0) figures = without(kind, figures, kind.ofFacts(gone, options), options.byBranch);
    return { ...live, figures, position: last.position, changes: live.changes + net.length };
  } catch {
    return undefined;
  }
};

const [HOUR, DAY] = [3_600_000, 86_400_000];

/** Makes of what arrived a fact as those beside a fold are, and says its business day. */
const factsOf =
  (calendar: ShopCalendar, { byStart, byHour, byWeekday }: RowsOptions, countries: ReadonlyMap<string, string>) =>
  ({ slot, key, ...sale }: Arrived): { day: number; fact: Fact } => {
    const day = calendar.dayOf(slot);
    const wall = calendar.wallAt(slot);
    const starts = { day, month: firstOfMonth(day), hour: (slot - (wall % HOUR)) / 1000 };
    return {
      day,
      fact: {
        ...sale,
        purchase: key,
        start: byStart === undefined ? 0 : starts[byStart],
        hour: byHour ? Math.floor((wall % DAY) / HOUR) : -1,
        // 1970-01-01 was a Thursday.
        weekday: byWeekday ? ((day + 3) % 7) + 1 : 0,
        country: countries.get(sale.branch_id) ?? '',
        hash: 0n,
        beside: [],
      },
    };
  };

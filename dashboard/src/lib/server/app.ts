import { type ClickHouse, connectClickHouse } from '@tillstream/clickhouse/client';
import { type Gold, openGold } from '@tillstream/clickhouse/gold';
import type { ShopCalendar } from '@tillstream/clickhouse/shop-calendar';
import { latestReconciliation } from '@tillstream/reconciler/report/latest';
import { clickhouseUrl, postgresUrl } from '@tillstream/schemas/settings';
import type { Warnings } from '../figures.ts';
import { createFiguresReader } from './live/figures-reader.ts';
import { createLive, type Live } from './live/live.ts';
import { getLog } from './log.ts';
import { createLogin, type Login } from './login/login.ts';
import { postgresSessions } from './login/session-store.ts';
import { readStored } from './login/stored.ts';
import { createMarks, type Marks } from './marks.ts';
import { connectConsumerLag } from './pipeline/consumer-lag.ts';
import { connectOutbox } from './pipeline/outbox.ts';
import { type PipelineWatch, watchPipeline } from './pipeline/pipeline.ts';
import { warningsOf } from './pipeline/warnings.ts';
import { connectPostgres } from './postgres.ts';
import { readChangeMark } from './questions/changes.ts';
import { createRemembered, type Remembered } from './remembered.ts';
import { getSettings } from './settings.ts';

/** What the routes work with. Nothing in it connects before it is used. */
export interface App {
  clickhouse: ClickHouse;
  /** The exact figures: sealed where that is the truth, computed where not. */
  gold: Gold;
  calendar: ShopCalendar;
  loyalThreshold: number;
  /** Whether anything has changed; one for all who ask. */
  marks: Marks;
  /** Answers of the read API that are still true. */
  answers: Remembered;
  /** Branches that the catalog is known to have. */
  branchesSeen: Set<string>;
  pipeline: PipelineWatch;
  warnings: () => Promise<Warnings>;
  hasBroker: boolean;
  live: Live;
  /** Absent where nobody has to log in. */
  login: Login | undefined;
  close(): Promise<void>;
}

/** Answers of the read API: some thousands, or the longest few. */
const REMEMBERED = { sameMs: 60_000, mostCharacters: 20_000_000 };

let app: App | undefined;

/** The one app of this process, made on first use. */
export const getApp = (): App => {
  app ??= createApp();
  return app;
};

const createApp = (): App => {
  const settings = getSettings();
  const clickhouse = connectClickHouse(clickhouseUrl(settings), 'dashboard');
  const gold = openGold(clickhouse, settings);
  const { calendar } = gold;
  const lag = settings.kafka && connectConsumerLag(settings.kafka);
  const pipeline = watchPipeline(
    connectOutbox(postgresUrl(settings)),
    lag,
    () => latestReconciliation(clickhouse, AbortSignal.timeout(3_000)),
    2_000,
  );
  const idleMs = settings.DASHBOARD_SESSION_IDLE_HOURS * 3_600_000;
  const gatekeepers = settings.loginIsOn ? connectPostgres(postgresUrl(settings), { writes: true }) : undefined;
  const login =
    gatekeepers &&
    createLogin({ read: () => readStored(gatekeepers), sessions: postgresSessions(gatekeepers, idleMs), idleMs });
  const loyalThreshold = settings.LOYAL_THRESHOLD;
  const marks = createMarks((signal) => readChangeMark(clickhouse, signal));
  const live = createLive(
    {
      mark: marks.now,
      figures: createFiguresReader(clickhouse, gold, loyalThreshold),
      pipeline: pipeline.latest,
    },
    {
      pauseMs: settings.LIVE_PAUSE_MS,
      longestPauseMs: 5_000,
      timeoutMs: 10_000,
      heartbeatMs: 10_000,
      refreshMs: 15_000,
      log: getLog(),
    },
  );
  return {
    clickhouse,
    gold,
    calendar,
    loyalThreshold,
    marks,
    answers: createRemembered(REMEMBERED),
    branchesSeen: new Set(),
    pipeline,
    warnings: warningsOf(clickhouse, lag),
    hasBroker: settings.kafka !== undefined,
    live,
    login,
    close: async () => {
      live.close();
      await Promise.allSettled([pipeline.close(), clickhouse.close(), gatekeepers?.end()]);
    },
  };
};

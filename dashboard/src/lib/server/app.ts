import type { ShopCalendar } from '@tillstream/clickhouse/calendar/shop-calendar';
import { type ClickHouse, connectClickHouse } from '@tillstream/clickhouse/client';
import { type Gold, openGold } from '@tillstream/clickhouse/questions/gold';
import { latestReconciliation } from '@tillstream/reconciler/report/latest';
import { clickhouseUrl, postgresUrl } from '@tillstream/schemas/settings';
import type { Pool } from 'pg';
import type { Warnings } from '../figures/figures.ts';
import { createInFlight, type InFlight } from './api/in-flight.ts';
import { createFiguresReader } from './live/figures-reader.ts';
import { createLive, type Live } from './live/live.ts';
import { createVersions } from './live/versions.ts';
import { getLog } from './log.ts';
import { type Audit, createAudit } from './login/audit.ts';
import { createLogin, type Login } from './login/login.ts';
import { postgresSessions } from './login/session-store.ts';
import { findUser, readStored } from './login/stored.ts';
import { watchViewers } from './metrics.ts';
import { connectConsumerLag } from './pipeline/consumer-lag.ts';
import { connectOutbox } from './pipeline/outbox.ts';
import { type PipelineWatch, watchPipeline } from './pipeline/pipeline.ts';
import { warningsOf } from './pipeline/warnings.ts';
import { connectPostgres } from './postgres.ts';
import { readSealer } from './questions/pipeline/sealer.ts';
import { readOpenVersion, readSealedState } from './questions/versions.ts';
import { getSettings } from './settings.ts';
import { createSignIns, type SignIns } from './till/sign-ins.ts';

/** What the routes work with. Nothing in it connects before it is used. */
export interface App {
  clickhouse: ClickHouse;
  /** What all questions about figures are asked of. */
  gold: Gold;
  calendar: ShopCalendar;
  loyalThreshold: number;
  /** Answers of the read API while they are read. */
  inFlight: InFlight<string>;
  pipeline: PipelineWatch;
  warnings: () => Promise<Warnings>;
  hasBroker: boolean;
  live: Live;
  /** Absent where nobody has to log in. */
  login: Login | undefined;
  /** Who stands at which till. */
  signIns: SignIns;
  audit: Audit;
  /** Users, sessions and the audit log. */
  people: Pool;
  close(): Promise<void>;
}

/** Identical questions of the read API within this long (ms) are of the same moment. */
const SAME_MOMENT_MS = 1_000;

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
  const { calendar, clock } = gold;
  const lag = settings.kafka && connectConsumerLag(settings.kafka);
  const pipeline = watchPipeline(
    connectOutbox(postgresUrl(settings)),
    lag,
    {
      books: () => latestReconciliation(clickhouse, AbortSignal.timeout(3_000)),
      sealer: () => readSealer(clickhouse, clock, AbortSignal.timeout(3_000)),
    },
    2_000,
  );
  const idleMs = settings.DASHBOARD_SESSION_IDLE_HOURS * 3_600_000;
  const people = connectPostgres(postgresUrl(settings), { writes: true });
  const login = settings.loginIsOn
    ? createLogin({
        read: () => readStored(people),
        findUser: (name) => findUser(people, name),
        sessions: postgresSessions(people, idleMs),
        idleMs,
      })
    : undefined;
  const loyalThreshold = settings.LOYAL_THRESHOLD;
  const live = createLive(
    {
      versions: createVersions(
        {
          sealed: (signal) => readSealedState(clickhouse, clock, signal),
          open: (horizon, signal) => readOpenVersion(clickhouse, horizon, signal),
        },
        calendar,
      ),
      figures: createFiguresReader(clickhouse, gold, loyalThreshold),
      pipeline: pipeline.latest,
    },
    {
      pauseMs: settings.LIVE_PAUSE_MS,
      longestPauseMs: 5_000,
      timeoutMs: 10_000,
      heartbeatMs: 10_000,
      log: getLog(),
    },
  );
  watchViewers(live);
  return {
    clickhouse,
    gold,
    calendar,
    loyalThreshold,
    inFlight: createInFlight(SAME_MOMENT_MS),
    pipeline,
    warnings: warningsOf(clickhouse, lag),
    hasBroker: settings.kafka !== undefined,
    live,
    login,
    signIns: createSignIns(people),
    audit: createAudit(people),
    people,
    close: async () => {
      live.close();
      await Promise.allSettled([pipeline.close(), clickhouse.close(), people.end()]);
    },
  };
};

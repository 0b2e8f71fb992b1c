import type { Logger } from 'pino';
import type { Figures, LiveMessage, Pipeline } from '../../figures/figures.ts';
import type { Watched } from '../questions/sales/watched.ts';
import type { Versions } from './versions.ts';

/** Where the figures come from. Every call may fail at any moment. */
export interface LiveSource {
  /** Cheap: tells whether figures may have changed since the poll before. */
  versions(signal: AbortSignal): Promise<Versions>;
  /** The figures of branches (undefined: the chain), of the versions just read or newer. */
  figures(
    branches: readonly Watched[],
    versions: Versions,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<Watched, Reading>>;
  /** What is known of the pipeline; never waits and never fails. */
  pipeline(): Pipeline;
}

export interface Reading {
  figures: Figures;
  /** Whether all of them are of these versions; if not, the next poll asks for them again. */
  complete: boolean;
}

export interface LiveOptions {
  /** Between two polls (ms). It is longer after a poll that took longer, and twice as long in a quiet shop. */
  pauseMs: number;
  /** The longest pause while polls fail (ms). */
  longestPauseMs: number;
  /** After which a poll fails (ms). */
  timeoutMs: number;
  heartbeatMs: number;
  log: Pick<Logger, 'warn' | 'info'>;
}

/** One open page; neither call may throw. */
export interface Viewer {
  send(message: LiveMessage): void;
  end(): void;
}

/** A shop where nothing changed for this long is quiet. */
const QUIET_MS = 5_000;

export interface Live {
  /** Sends what is known at once and every change from then on. Returns how to stop. */
  watch(branch: Watched, viewer: Viewer): () => void;
  /** The newest figures for one answer; the last good ones, or none, when they cannot be read now. Never fails. */
  read(branch: Watched): Promise<LiveMessage>;
  /** How many watch. */
  viewers(): number;
  /** Ends every viewer and the loop. */
  close(): void;
}

/** The last good figures of a branch, and when they were read and last known to be the newest. */
interface Known {
  figures: Figures;
  text: string;
  /** Of which version they are; absent while not all of them are of the same. */
  version: string | undefined;
  readAt: number;
  checkedAt: number;
}

/**
 * One poll of the database for all viewers: whether anything has changed, and if so the figures of the branches that are
 * watched, which are sent to their viewers. It is repeated while there are viewers, one poll after the other.
 */
export const createLive = (source: LiveSource, options: LiveOptions): Live => {
  const { pauseMs, longestPauseMs, timeoutMs, heartbeatMs, log } = options;
  /** `sent` is the text of the figures that the viewer has. */
  const viewers = new Map<Viewer, { branch: Watched; sent?: string }>();
  const known = new Map<Watched, Known>();
  let ok = true;
  let failures = 0;
  let pipelineSent = '';
  let polling = false;
  let lastVersion = '';
  let changedAt = 0;
  let closed = false;
  let pause: NodeJS.Timeout | undefined;
  let heartbeat: NodeJS.Timeout | undefined;

  const message = (entry: Known | undefined, figures: Figures | undefined): LiveMessage => ({
    server_time: new Date().toISOString(),
    checked_at: entry === undefined ? null : new Date(entry.checkedAt).toISOString(),
    ok,
    pipeline: source.pipeline(),
    ...(figures === undefined ? {} : { figures }),
  });

  /** Sends figures to the viewers that do not have them yet, and to the others the state alone if they shall have it. */
  const tell = (everyone: boolean) => {
    for (const [viewer, had] of viewers) {
      const entry = known.get(had.branch);
      const news = entry !== undefined && entry.text !== had.sent;
      if (!news && !everyone) continue;
      had.sent = entry?.text;
      viewer.send(message(entry, news ? entry.figures : undefined));
    }
  };

  /** Returns whether anything has changed since the poll before. */
  const refresh = async (branches: Iterable<Watched>, timeout: number): Promise<boolean> => {
    const began = Date.now();
    const signal = AbortSignal.timeout(timeout);
    const versions = await source.versions(signal);
    const isNew = versions.all !== lastVersion;
    if (isNew) changedAt = began;
    lastVersion = versions.all;
    const due: Watched[] = [];
    for (const branch of branches) {
      const entry = known.get(branch);
      if (entry?.version === versions.all) entry.checkedAt = Math.max(entry.checkedAt, began);
      else due.push(branch);
    }
    const found = due.length === 0 ? [] : await source.figures(due, versions, signal);
    for (const [branch, { figures, complete }] of found) {
      // Another reading may have begun later and ended sooner.
      if ((known.get(branch)?.readAt ?? 0) > began) continue;
      const text = JSON.stringify(figures);
      known.set(branch, {
        figures,
        text,
        version: complete ? versions.all : undefined,
        readAt: began,
        checkedAt: began,
      });
    }
    return isNew;
  };

  /** Refreshes the figures and sends what is new. Returns how long to pause. */
  const poll = async (): Promise<number> => {
    const began = Date.now();
    const wasOk = ok;
    let changed = false;
    try {
      changed = await refresh(new Set([...viewers.values()].map(({ branch }) => branch)), timeoutMs);
      ok = true;
      failures = 0;
      if (!wasOk) log.info('figures can be read again');
    } catch (error) {
      ok = false;
      failures++;
      if (wasOk) log.warn({ err: error }, 'figures cannot be read; the last good ones stay');
    }
    const pipeline = JSON.stringify(source.pipeline());
    tell(ok !== wasOk || pipeline !== pipelineSent);
    pipelineSent = pipeline;
    if (!ok) return Math.min(longestPauseMs, pauseMs * 2 ** Math.min(failures, 10));
    // After a change viewers have something new for a moment; in a quiet shop the next change may be long in coming.
    const slow = changed || began - changedAt > QUIET_MS;
    return Math.max(slow ? 2 * pauseMs : pauseMs, Date.now() - began);
  };

  const loop = async () => {
    clearTimeout(pause);
    pause = undefined;
    if (polling) return;
    polling = true;
    const wait = await poll();
    polling = false;
    if (viewers.size > 0) pause = setTimeout(loop, wait);
  };

  const leave = (viewer: Viewer) => {
    viewers.delete(viewer);
    if (viewers.size > 0) return;
    clearTimeout(pause);
    clearInterval(heartbeat);
    pause = undefined;
    heartbeat = undefined;
  };

  return {
    watch: (branch, viewer) => {
      if (closed) {
        viewer.end();
        return () => {};
      }
      const entry = known.get(branch);
      viewers.set(viewer, { branch, sent: entry?.text });
      viewer.send(message(entry, entry?.figures));
      heartbeat ??= setInterval(() => tell(true), heartbeatMs);
      // A new viewer does not wait for the end of a pause, unless polls fail.
      if (ok || pause === undefined) void loop();
      return () => leave(viewer);
    },
    read: async (branch) => {
      const entry = known.get(branch);
      const watched = ok && [...viewers.values()].some((viewer) => viewer.branch === branch);
      if (watched && entry !== undefined && Date.now() - entry.checkedAt < 2_000) return message(entry, entry.figures);
      const succeeded = await refresh([branch], Math.min(timeoutMs, 3_000)).then(
        () => true,
        () => false,
      );
      const found = known.get(branch);
      return { ...message(found, found?.figures), ok: succeeded };
    },
    viewers: () => viewers.size,
    close: () => {
      closed = true;
      for (const viewer of [...viewers.keys()]) {
        leave(viewer);
        viewer.end();
      }
    },
  };
};

import type { ClickHouse } from '@tillstream/clickhouse/client';
import type { Database } from '@tillstream/pos-api/postgres/database';
import { z } from 'zod';
import { equalAmong } from '../compare/compare.ts';
import type { Finding } from '../compare/difference.ts';
import { keyText, type Subject, type SubjectName } from '../facts/facts.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { healCatalog } from './catalog.ts';
import { healCustomers } from './customers.ts';
import { deadLetteredAmong } from './dead-letters.ts';
import { healPurchases } from './purchases.ts';
import { mayTakeAway, takenAwayLately } from './removal.ts';

/** Findings that are healed in one run of the reconciler; the others are found again. More is work for `npm run reemit`. */
const HEALED_PER_RUN = 2_000;
export interface HealLog {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Why nothing was healed that takes something away; empty when healing went on. */
export type HealingStopped = '' | 'restored' | 'too many';

/** Heals what a comparison found. */
export interface Healer {
  /** Forgets what the last run healed. Of a Postgres that was restored to an earlier moment nothing is healed. */
  beginRun(isRestored: boolean): void;
  /**
   * Sends what differs again and waits for it. Answers the keys ({@link keyText}) that are equal in both stores now.
   *
   * @param compared how many facts the findings were found among
   */
  heal<Scope, Group>(
    subject: Subject<Scope, Group>,
    findings: readonly Finding[],
    compared: number,
  ): Promise<ReadonlySet<string>>;
  /** Whether healing has stopped in this run. */
  stopped(): HealingStopped;
}

/** Finds, names, leaves as it is. */
export const noHealer: Healer = { beginRun: () => undefined, heal: async () => new Set(), stopped: () => '' };

/** @param limited false: takes away whatever only ClickHouse has, because a person said so */
export const healerInto = (
  db: Database,
  clickhouse: ClickHouse,
  pipeline: Pipeline,
  log: HealLog,
  limited = true,
): Healer => {
  let left = HEALED_PER_RUN;
  let stopped: HealingStopped = '';

  const send = async (subject: SubjectName, findings: readonly Finding[]): Promise<void> => {
    if (subject === 'product' || subject === 'branch') return healCatalog(db, clickhouse, subject, findings);
    const { rows } = await db.query('select currency from chain_settings');
    const { currency } = z.object({ currency: z.string() }).parse(rows[0]);
    await (subject === 'purchase' ? healPurchases : healCustomers)(db, currency, findings);
  };

  /** All findings, or those that take nothing away. */
  const withinLimits = async (findings: readonly Finding[], compared: number): Promise<readonly Finding[]> => {
    const extra = findings.filter(({ kind }) => kind === 'extra').length;
    if (!limited || extra === 0) return findings;
    const takenAway = await takenAwayLately(clickhouse);
    if (mayTakeAway(extra, compared, takenAway)) return findings;
    stopped = 'too many';
    log.error(
      { extra, compared, takenAway },
      'ClickHouse has many facts that Postgres lacks; they are left as they are',
    );
    return findings.filter(({ kind }) => kind !== 'extra');
  };

  return {
    beginRun: (isRestored) => {
      left = limited ? HEALED_PER_RUN : Number.POSITIVE_INFINITY;
      stopped = limited && isRestored ? 'restored' : '';
    },
    stopped: () => stopped,
    heal: async (subject, findings, compared) => {
      if (stopped === 'restored' || findings.length === 0) return new Set();
      let chosen: readonly Finding[];
      try {
        const allowed = await withinLimits(findings, compared);
        chosen = (await withoutDeadLettered(db, subject, allowed, log)).slice(0, left);
        if (chosen.length === 0) return new Set();
        left -= chosen.length;
        log.warn({ subject: subject.name, findings: chosen.length }, 'sending again what differs');
        await send(subject.name, chosen);
      } catch (error) {
        // The findings must be reported whatever becomes of them.
        log.error({ err: error, subject: subject.name }, 'cannot send again');
        return new Set();
      }
      const keys = chosen.map(({ key }) => key);
      const healed = await equalAmong(subject, keys, pipeline);
      const still = keys.map(keyText).filter((key) => !healed.has(key));
      if (still.length > 0)
        log.error({ subject: subject.name, keys: still.slice(0, 10), of: still.length }, 'not healed yet');
      return healed;
    },
  };
};

/** A finding whose event nobody takes stays named in each run, until somebody has made room for it and retried it. */
const withoutDeadLettered = async (
  db: Database,
  subject: { name: SubjectName },
  findings: readonly Finding[],
  log: HealLog,
): Promise<readonly Finding[]> => {
  if (findings.length === 0) return findings;
  const deadLettered = await deadLetteredAmong(db, subject.name, findings);
  if (deadLettered.size === 0) return findings;
  log.error(
    { subject: subject.name, ids: [...deadLettered].slice(0, 10), of: deadLettered.size },
    'dead letters: see npm run dead-letters',
  );
  return findings.filter(({ key }) => !deadLettered.has(key.id));
};

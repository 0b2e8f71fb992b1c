import type { Database } from '@tillstream/pos-api/database';
import { z } from 'zod';
import { equalAmong } from '../compare/compare.ts';
import type { Finding } from '../compare/difference.ts';
import { keyText, type Subject } from '../facts/facts.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { healCustomers } from './customers.ts';
import { deadLetteredAmong } from './dead-letters.ts';
import { healPurchases } from './purchases.ts';

/** Findings that are healed in one run of the reconciler; the others are found again. More is work for `npm run reemit`. */
const HEALED_PER_RUN = 2_000;
/**
 * More extra purchases than this at once are no fault of ClickHouse: Postgres has lost them, for example by a restore to an
 * earlier moment. A tombstone for each would destroy the better copy, so a person decides.
 */
const MOST_EXTRA = 100;

export interface HealLog {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Heals what a comparison found. */
export interface Healer {
  /** Forgets what the last run healed. */
  beginRun(): void;
  /** Sends what differs again and waits for it. Answers the keys ({@link keyText}) that are equal in both stores now. */
  heal<Scope, Group>(subject: Subject<Scope, Group>, findings: readonly Finding[]): Promise<ReadonlySet<string>>;
}

/** Finds, names, leaves as it is. */
export const noHealer: Healer = { beginRun: () => undefined, heal: async () => new Set() };

export const healerInto = (db: Database, pipeline: Pipeline, log: HealLog): Healer => {
  let left = HEALED_PER_RUN;
  const currency = async () => {
    const { rows } = await db.query('select currency from chain_settings');
    return z.object({ currency: z.string() }).parse(rows[0]).currency;
  };

  return {
    beginRun: () => {
      left = HEALED_PER_RUN;
    },
    heal: async (subject, findings) => {
      let chosen: readonly Finding[];
      try {
        chosen = (await withoutDeadLettered(db, subject, withoutMassLoss(findings, log), log)).slice(0, left);
        if (chosen.length === 0) return new Set();
        left -= chosen.length;
        log.warn({ subject: subject.name, findings: chosen.length }, 'sending again what differs');
        await (subject.name === 'purchase' ? healPurchases : healCustomers)(db, await currency(), chosen);
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
  subject: { name: Parameters<typeof deadLetteredAmong>[1] },
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

const withoutMassLoss = (findings: readonly Finding[], log: HealLog): readonly Finding[] => {
  const extra = findings.filter(({ kind }) => kind === 'extra').length;
  if (extra <= MOST_EXTRA) return findings;
  log.error(
    { extra },
    'ClickHouse has many facts that Postgres has not: was Postgres restored? They are left as they are',
  );
  return findings.filter(({ kind }) => kind !== 'extra');
};

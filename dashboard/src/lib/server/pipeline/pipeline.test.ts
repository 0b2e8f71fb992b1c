import { describe, expect, it } from 'vitest';
import { lagOf } from './consumer-lag.ts';
import { healthOf } from './health.ts';
import { watchPipeline } from './pipeline.ts';

const NOW = Date.parse('2026-11-20T10:00:00Z');
const noBooks = () => Promise.reject(new Error('away'));
const fine = { waiting: 0, waiting_since: null, uncounted: 0, books: null };

describe('lagOf', () => {
  it('adds up what lies between the committed offsets and the ends', () => {
    const ends = [
      { partition: 0, offset: '10', low: '0' },
      { partition: 1, offset: '7', low: '5' },
      { partition: 2, offset: '3', low: '0' },
    ];
    const committed = [
      { partition: 0, offset: '8' },
      { partition: 1, offset: '-1' },
    ];
    expect(lagOf(ends, committed)).toBe(2 + 2 + 3);
    expect(lagOf([], [])).toBe(0);
  });
});

describe('watchPipeline', () => {
  it('knows what it can and nulls the rest', async () => {
    const since = new Date(NOW);
    const outbox = { read: async () => ({ waiting: 3, since }), close: async () => {} };
    const lag = { read: () => Promise.reject(new Error('away')), close: async () => {} };
    const watch = watchPipeline(outbox, lag, noBooks, 1_000);
    expect(await watch.read()).toEqual({
      waiting: 3,
      waiting_since: since.toISOString(),
      uncounted: null,
      books: null,
    });
    expect(watch.latest().waiting).toBe(3);
    await watch.close();
  });

  it('has nothing uncounted without a broker, and survives Postgres', async () => {
    const outbox = { read: () => Promise.reject(new Error('away')), close: async () => {} };
    const watch = watchPipeline(outbox, undefined, noBooks, 1_000);
    expect(await watch.read()).toEqual({ waiting: null, waiting_since: null, uncounted: 0, books: null });
  });
});

describe('healthOf', () => {
  const health = (given: Partial<Parameters<typeof healthOf>[0]>) =>
    healthOf({ clickhouse: true, pipeline: fine, hasBroker: true, ...given }, NOW);

  it('is ok, degraded or down by the worst part', () => {
    expect(health({}).status).toBe('ok');
    expect(health({ clickhouse: false }).status).toBe('down');
    expect(health({ pipeline: { ...fine, waiting: null } }).status).toBe('degraded');
    expect(health({ pipeline: { ...fine, uncounted: null } }).parts.broker?.status).toBe('degraded');
    expect(health({ hasBroker: false }).parts.broker).toBeUndefined();
  });

  it('sees sales that are held up', () => {
    const since = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();
    expect(health({ pipeline: { ...fine, waiting: 5, waiting_since: since(1) } }).status).toBe('ok');
    expect(health({ pipeline: { ...fine, waiting: 5, waiting_since: since(60) } }).status).toBe('degraded');
  });
});

import { describe, expect, it } from 'vitest';
import { lagOf, strangersAmong } from './consumer-lag.ts';
import { healthOf } from './health.ts';
import { watchPipeline } from './pipeline.ts';

const NOW = Date.parse('2026-11-20T10:00:00Z');
const noBooks = () => Promise.reject(new Error('away'));
const agreed = {
  checked_at: '2026-11-20T09:59:55Z',
  compared: 9,
  lost: 0,
  extra: 0,
  different: 0,
  healing_stopped: '',
};
const fine = { waiting: 0, waiting_since: null, uncounted: 0, books: agreed };

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
    const lag = { read: () => Promise.reject(new Error('away')), strangers: async () => [], close: async () => {} };
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
    healthOf(
      {
        clickhouse: true,
        pipeline: fine,
        warnings: { quarantined_lately: 0, strangers: [] },
        hasBroker: true,
        ...given,
      },
      NOW,
    );

  it('is ok, degraded or down by the worst part', () => {
    expect(health({}).status).toBe('ok');
    expect(health({ clickhouse: false }).status).toBe('down');
    expect(health({ pipeline: { ...fine, waiting: null } }).status).toBe('degraded');
    expect(health({ pipeline: { ...fine, uncounted: null } }).parts.broker?.status).toBe('degraded');
    expect(health({ hasBroker: false }).parts.broker).toBeUndefined();
  });

  it.each([
    [{ lost: 29 }, '29 lost, 0 extra, 0 different'],
    [{ extra: 1 }, '0 lost, 1 extra, 0 different'],
    [{ different: 2 }, '0 lost, 0 extra, 2 different'],
    [{ healing_stopped: 'restored' }, '0 lost, 0 extra, 0 different; healing has stopped: restored'],
    [{ checked_at: '2026-11-20T09:50:00Z' }, '0 lost, 0 extra, 0 different, compared 600 s ago'],
    [{ checked_at: null }, 'figures and books were never compared'],
  ])('is not ok while the books say %o', (books, detail) => {
    const { status, parts } = health({ pipeline: { ...fine, books: { ...agreed, ...books } } });
    expect(status).toBe('degraded');
    expect(parts.books).toEqual({ status: 'degraded', detail });
  });

  it('is not ok while quarantine grows or a stranger reads along, and names him', () => {
    const grown = health({ warnings: { quarantined_lately: 3, strangers: [] } });
    expect([grown.status, grown.parts.quarantine?.detail]).toEqual(['degraded', '3 messages in the last ten minutes']);
    const strangers = strangersAmong([
      { clientId: 'ClickHouse-shop-bronze-queue', clientHost: '/10.0.0.1' },
      { clientId: 'kcat', clientHost: '/10.0.0.9' },
    ]);
    const { status, parts } = health({ warnings: { quarantined_lately: 0, strangers } });
    expect(status).toBe('degraded');
    expect(parts.broker?.detail).toContain('kcat from 10.0.0.9');
    // Two servers of ClickHouse: nobody knows which of them is ours.
    const twins = ['a', 'b'].map((host) => ({ clientId: `ClickHouse-${host}-bronze-queue`, clientHost: `/${host}` }));
    expect(strangersAmong(twins)).toHaveLength(2);
    expect(strangersAmong(twins.slice(1))).toEqual([]);
  });

  it('sees sales that are held up', () => {
    const since = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();
    expect(health({ pipeline: { ...fine, waiting: 5, waiting_since: since(1) } }).status).toBe('ok');
    expect(health({ pipeline: { ...fine, waiting: 5, waiting_since: since(60) } }).status).toBe('degraded');
  });
});

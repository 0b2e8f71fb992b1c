import { describe, expect, it, vi } from 'vitest';
import { lagOf, strangersAmong } from './consumer-lag.ts';
import { healthOf } from './health.ts';
import { watchPipeline } from './pipeline.ts';

const NOW = Date.parse('2026-11-20T10:00:00Z');
const away = () => Promise.reject(new Error('away'));
const noChecks = { books: away, sealer: away };
const agreed = {
  checked_at: '2026-11-20T09:59:55Z',
  compared: 9,
  lost: 0,
  extra: 0,
  different: 0,
  healing_stopped: '',
};
const fine = { waiting: 0, waiting_since: null, uncounted: 0, books: agreed, sealer: null };

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
    const watch = watchPipeline(outbox, lag, noChecks, 1_000);
    expect(await watch.read()).toEqual({
      waiting: 3,
      waiting_since: since.toISOString(),
      uncounted: null,
      books: null,
      sealer: null,
    });
    expect(watch.latest().waiting).toBe(3);
    await watch.close();
  });

  it('has nothing uncounted without a broker, and survives Postgres', async () => {
    const outbox = { read: () => Promise.reject(new Error('away')), close: async () => {} };
    const watch = watchPipeline(outbox, undefined, noChecks, 1_000);
    expect(await watch.read()).toEqual({ ...fine, waiting: null, books: null });
  });
});

describe('what is checked in the background', () => {
  it('is asked for every ten seconds, and again at once after a failure', async () => {
    vi.useFakeTimers({ now: NOW });
    try {
      let proved = 0;
      const sealer = async () => {
        proved++;
        if (proved === 1) throw new Error('away');
        return { proved_at: new Date(NOW + proved).toISOString(), sealed_until: null };
      };
      const outbox = { read: async () => ({ waiting: 0, since: null }), close: async () => {} };
      const watch = watchPipeline(outbox, undefined, { books: away, sealer }, 1_000);
      expect((await watch.read()).sealer).toBeNull();
      const second = (await watch.read()).sealer;
      expect(second?.proved_at).toBe(new Date(NOW + 2).toISOString());
      expect((await watch.read()).sealer).toEqual(second);
      await vi.advanceTimersByTimeAsync(10_000);
      expect((await watch.read()).sealer).not.toEqual(second);
    } finally {
      vi.useRealTimers();
    }
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

  it('says when everything was last proved, and sees a sealer that does not', () => {
    const ago = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();
    const sealer = (proved: string | null, sealed: string | null) =>
      health({ pipeline: { ...fine, sealer: { proved_at: proved, sealed_until: sealed } } }).parts.sealer;
    expect(sealer(ago(12), ago(420))).toEqual({ status: 'ok', detail: 'proved 12 s ago, sealed up to 7 min ago' });
    expect(sealer(ago(299), ago(29 * 60))?.status).toBe('ok');
    expect(sealer(ago(301), ago(60))).toEqual({
      status: 'degraded',
      detail: 'proved 5 min ago, sealed up to 1 min ago',
    });
    expect(sealer(ago(10), ago(31 * 60))?.status).toBe('degraded');
    expect(sealer(null, null)).toEqual({
      status: 'degraded',
      detail: 'nothing was proved yet, nothing is sealed yet',
    });
    expect(health({}).parts.sealer).toBeUndefined();
  });
});

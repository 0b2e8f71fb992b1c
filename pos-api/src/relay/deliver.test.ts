import { expect, test } from 'vitest';
import { deliver } from './deliver.ts';
import { EventsRefused, type OutboxEvent } from './publishers/publisher.ts';

const event = (id: number, payload = 'fine'): OutboxEvent => ({ id: String(id), key: `k${id}`, payload });

/** Refuses any send with a bad event in it, as a broker does: without saying which. */
const picky = () => {
  const taken: string[] = [];
  return {
    taken,
    publish: async (events: readonly OutboxEvent[]) => {
      if (events.some(({ payload }) => payload === 'bad')) throw new EventsRefused('too large');
      taken.push(...events.map(({ id }) => id));
    },
    close: async () => undefined,
  };
};

test('those that are refused are found and the rest goes through', async () => {
  const events = Array.from({ length: 100 }, (_, n) => event(n, [0, 41, 42, 99].includes(n) ? 'bad' : 'fine'));
  const publisher = picky();
  const refused = await deliver(publisher, events);
  expect(refused.map(({ event: { id }, reason }) => `${id} ${reason}`)).toEqual([
    '0 too large',
    '41 too large',
    '42 too large',
    '99 too large',
  ]);
  expect(new Set(publisher.taken).size).toBe(96);
});

test('a send that is too large as a whole goes in parts, and nothing is refused', async () => {
  const sizes: number[] = [];
  const refused = await deliver(
    {
      publish: async (events) => {
        if (events.length > 3) throw new EventsRefused('too large');
        sizes.push(events.length);
      },
      close: async () => undefined,
    },
    Array.from({ length: 10 }, (_, n) => event(n)),
  );
  expect(refused).toEqual([]);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(10);
});

test('any other error says nothing of the events', async () => {
  const away = { publish: () => Promise.reject(new Error('away')), close: async () => undefined };
  await expect(deliver(away, [event(1)])).rejects.toThrow('away');
});

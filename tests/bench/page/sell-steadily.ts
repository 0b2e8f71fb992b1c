import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

/** Sells so many purchases a second for so long, each at its own moment of a steady clock; throws when one is refused. */
export const sellSteadily = async (posApi: string, perSecond: number, seconds: number): Promise<void> => {
  const began = performance.now();
  const sent: Promise<void>[] = [];
  for (let n = 0; n < perSecond * seconds; n++) {
    await delay(Math.max(0, began + (n * 1000) / perSecond - performance.now()));
    sent.push(sell(posApi));
  }
  await Promise.all(sent);
};

/** Sells one purchase now; throws when it is refused. */
export const sell = async (posApi: string): Promise<void> => {
  const response = await fetch(`${posApi}/v1/purchases`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': randomUUID() },
    body: JSON.stringify({
      branch_id: 'SMKT001',
      customer_id: randomUUID(),
      items: [{ product_id: 'milk', quantity: 1 }],
    }),
  });
  if (response.status !== 201) throw new Error(`the API answered ${response.status}: ${await response.text()}`);
  await response.arrayBuffer();
};

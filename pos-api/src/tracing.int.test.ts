import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { purchaseResponse } from '@tillstream/schemas/api';
import { PURCHASES_TOPIC } from '@tillstream/schemas/kafka/topics';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { makeDatabase, type TestDatabase } from '../../tests/support/database.ts';
import { eventually } from '../../tests/support/eventually.ts';
import { messagesOn } from '../../tests/support/kafka/topics.ts';
import { freePort } from '../../tests/support/ports.ts';
import { json } from '../test/api.ts';
import { type Run, runEntry } from '../test/process.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const TILL_SPAN = 'b7ad6b7169203331';
const sale = { branch_id: 'SMKT001', items: [{ product_id: 'milk', quantity: 1 }] };

const value = z.object({ stringValue: z.string().optional(), intValue: z.coerce.number().optional() });
const attributes = z.array(z.object({ key: z.string(), value }));
const sentSpan = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  attributes,
});
const exported = z.object({
  resourceSpans: z.array(
    z.object({ resource: z.object({ attributes }), scopeSpans: z.array(z.object({ spans: z.array(sentSpan) })) }),
  ),
});
type Received = z.output<typeof sentSpan> & { service: string | undefined };

/** A collector that takes OTLP over HTTP, in JSON. */
const startCollector = async (): Promise<{ server: Server; url: string; spans: Received[] }> => {
  const spans: Received[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    for (const { resource, scopeSpans } of exported.parse(JSON.parse(body)).resourceSpans) {
      const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue;
      for (const scope of scopeSpans) spans.push(...scope.spans.map((span) => ({ ...span, service })));
    }
    response.setHeader('Content-Type', 'application/json').end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, spans };
};

describe.skipIf(inject('kafkaBrokers') === undefined)('with a collector', () => {
  const brokers = inject('kafkaBrokers') ?? '';
  let collector: Awaited<ReturnType<typeof startCollector>>;
  let database: TestDatabase;
  const running: Run[] = [];
  let api: string;
  beforeAll(async () => {
    [collector, database] = await Promise.all([startCollector(), makeDatabase(inject('postgresUrl'))]);
    const env = {
      POSTGRES_URL: database.url,
      KAFKA_BROKERS: brokers,
      POS_API_PORT: String(await freePort()),
      RELAY_PORT: String(await freePort()),
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_BSP_SCHEDULE_DELAY: '100',
    };
    running.push(runEntry('api/main.ts', [], env), runEntry('relay/main.ts', [], env));
    api = `http://127.0.0.1:${env.POS_API_PORT}`;
    await eventually(async () => expect((await fetch(`${api}/readyz`)).status).toBe(200), 30_000);
  });
  afterAll(async () => {
    for (const { child } of running) child.kill('SIGTERM');
    await Promise.all(running.map(({ ended }) => ended));
    collector.server.close();
    await database.pool.end();
  });

  const eventOf = async (purchaseId: string) => {
    const messages = (await messagesOn(brokers, PURCHASES_TOPIC)).filter(({ key }) => key === purchaseId);
    expect(messages).toHaveLength(1);
    const [message] = messages;
    return { header: message?.headers.traceparent, body: JSON.parse(message?.value ?? '') };
  };
  const recordSale = async (headers: Record<string, string>) => {
    const response = await fetch(`${api}/v1/purchases`, json(sale, headers));
    expect(response.status).toBe(201);
    return purchaseResponse.parse(await response.json()).purchase_id;
  };

  test("a till's trace goes through the API, the outbox and the relay into the message", async () => {
    const id = await recordSale({ traceparent: `00-${TRACE}-${TILL_SPAN}-01`, 'X-Request-Id': 'till-7:1' });
    await eventually(async () => {
      expect(collector.spans.filter(({ traceId }) => traceId === TRACE)).toHaveLength(2);
    });
    const [request, send] = ['tillstream-pos-api', 'tillstream-relay'].map((service) =>
      collector.spans.find((span) => span.service === service && span.traceId === TRACE),
    );
    expect(request).toMatchObject({ name: 'POST /v1/purchases', parentSpanId: TILL_SPAN });
    expect(request?.attributes).toContainEqual({ key: 'tillstream.request_id', value: { stringValue: 'till-7:1' } });
    expect(send).toMatchObject({ name: 'send pos.purchases', parentSpanId: request?.spanId });
    const { header, body } = await eventOf(id);
    expect(body.traceparent).toBe(`00-${TRACE}-${request?.spanId}-01`);
    expect(header).toBe(`00-${TRACE}-${send?.spanId}-01`);
  });

  test('a sale that the till does not trace begins a trace; one that it asks not to sample leaves none', async () => {
    const begun = await recordSale({});
    const untraced = await recordSale({ traceparent: `00-${'1'.repeat(32)}-${TILL_SPAN}-00` });
    const broken = await recordSale({ traceparent: 'nonsense' });
    await eventually(async () => {
      expect((await eventOf(broken)).header).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    });
    expect((await eventOf(begun)).body.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    const { header, body } = await eventOf(untraced);
    expect([header, body.traceparent]).toEqual([undefined, undefined]);
    expect(collector.spans.some(({ traceId }) => traceId === '1'.repeat(32))).toBe(false);
  });
});

test('a collector that is no address is one clear line', async () => {
  const relay = runEntry('relay/main.ts', [], { OTEL_EXPORTER_OTLP_ENDPOINT: 'nowhere' });
  expect(await relay.ended).toBe(1);
  expect(relay.output().trim()).toMatch(/^Bad setting: OTEL_EXPORTER_OTLP_ENDPOINT="nowhere": [^\n]+$/);
});

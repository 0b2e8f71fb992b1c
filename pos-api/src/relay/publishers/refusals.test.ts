import { ClickHouseError } from '@clickhouse/client';
import { expect, test } from 'vitest';
import { refusalOf as clickhouseRefusal } from './direct-publisher.ts';
import { refusalOf as kafkaRefusal } from './kafkajs-publisher.ts';

const protocolError = (type: string) =>
  Object.assign(new Error(`said ${type}`), { name: 'KafkaJSProtocolError', type, retriable: false });

test.each(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_TIMESTAMP', 'INVALID_RECORD'])(
  '%s is about the message',
  (type) => {
    expect(kafkaRefusal(protocolError(type))).toContain(type);
    expect(kafkaRefusal(new Error('wrapped', { cause: protocolError(type) }))).toContain(type);
  },
);

test.each([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'NOT_LEADER_FOR_PARTITION',
  'NOT_ENOUGH_REPLICAS',
  'TOPIC_AUTHORIZATION_FAILED',
  'CORRUPT_MESSAGE',
  'KAFKA_STORAGE_ERROR',
])('%s may pass', (type) => expect(kafkaRefusal(protocolError(type))).toBeUndefined());

test('a broker or ClickHouse that is away refuses nothing', () => {
  expect(kafkaRefusal(new Error('Connection error: refused'))).toBeUndefined();
  expect(clickhouseRefusal(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }))).toBeUndefined();
});

test('ClickHouse refuses a value that is too large, not a table that is being changed', () => {
  const said = (code: string) => new ClickHouseError({ message: 'said', code, type: 'x' });
  expect(clickhouseRefusal(said('131'))).toBe('said');
  for (const code of ['60', '117', '210', '241', '252']) expect(clickhouseRefusal(said(code))).toBeUndefined();
});

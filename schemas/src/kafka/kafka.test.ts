import { expect, test } from 'vitest';
import { locationSettings, parseSettings } from '../settings.ts';
import { clickhouseKafkaSettings, kafkajsOptions, kafkaOf } from './kafka.ts';

const CA = '-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----';
const SASL = { KAFKA_SASL_USERNAME: 'till', KAFKA_SASL_PASSWORD: "it's \\ secret" };
const BROKERS = { KAFKA_BROKERS: 'a:9092,b:9092' };
const read = (env: Record<string, string>) => kafkaOf(parseSettings(locationSettings, env));

test('without more than addresses a broker asks for nothing', () => {
  expect(read({})).toBeUndefined();
  const kafka = read(BROKERS) ?? '';
  expect(kafkajsOptions(kafka)).toEqual({ brokers: ['a:9092', 'b:9092'] });
  expect(kafkajsOptions('a:9092')).toEqual({ brokers: ['a:9092'] });
  expect(clickhouseKafkaSettings(kafka)).toBe("kafka_broker_list = 'a:9092,b:9092'");
});

test('TLS and SASL reach kafkajs and ClickHouse alike', () => {
  const kafka = read({ ...BROKERS, ...SASL, KAFKA_SECURITY_PROTOCOL: 'SASL_SSL', KAFKA_SSL_CA: CA }) ?? '';
  expect(kafkajsOptions(kafka)).toEqual({
    brokers: ['a:9092', 'b:9092'],
    ssl: { ca: [CA] },
    sasl: { mechanism: 'scram-sha-512', username: 'till', password: "it's \\ secret" },
  });
  expect(clickhouseKafkaSettings(kafka).split(',\n    ')).toEqual([
    "kafka_broker_list = 'a:9092,b:9092'",
    "kafka_security_protocol = 'sasl_ssl'",
    "kafka_sasl_mechanism = 'SCRAM-SHA-512'",
    "kafka_sasl_username = 'till'",
    "kafka_sasl_password = 'it\\'s \\\\ secret'",
  ]);
  const tls = read({ ...BROKERS, KAFKA_SECURITY_PROTOCOL: 'SSL' }) ?? '';
  expect(kafkajsOptions(tls)).toEqual({ brokers: ['a:9092', 'b:9092'], ssl: true });
  expect(clickhouseKafkaSettings(tls)).toContain("kafka_security_protocol = 'ssl'");
});

test.each([
  [{ KAFKA_SECURITY_PROTOCOL: 'SASL_SSL' }, /needs KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD/],
  [{ KAFKA_SECURITY_PROTOCOL: 'SASL_PLAINTEXT', KAFKA_SASL_USERNAME: 'till' }, /needs KAFKA_SASL_USERNAME and/],
  // A password that is given and not used would go unnoticed, and so would a broker without TLS.
  [SASL, /are for SASL_SSL or SASL_PLAINTEXT/],
  [{ KAFKA_SSL_CA: CA }, /KAFKA_SSL_CA is for SSL or SASL_SSL/],
  [{ KAFKA_SSL_CA: 'ca.pem' }, /must be a certificate as PEM/],
  [{ KAFKA_SECURITY_PROTOCOL: 'TLS' }, /KAFKA_SECURITY_PROTOCOL/],
  [{ KAFKA_SASL_MECHANISM: 'OAUTHBEARER' }, /KAFKA_SASL_MECHANISM/],
])('%j is refused in one line', (settings, fault) => {
  expect(() => read({ ...BROKERS, ...settings } as Record<string, string>)).toThrow(fault);
});

test('a protocol without a broker is a slip', () => {
  expect(() => read({ KAFKA_SECURITY_PROTOCOL: 'SSL' })).toThrow('needs KAFKA_BROKERS');
});

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { migrateClickHouse } from '@tillstream/clickhouse/schema/migrate';
import { newClusterId, prepareKafka } from '@tillstream/embedded/kafka';
import { kafkaBroker } from '@tillstream/reconciler/pipeline/kafka';
import type { KafkaAccess } from '@tillstream/schemas/kafka/kafka';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { makeDatabase, purchase, type TestDatabase } from '../../../../tests/support/database.ts';
import { eventually } from '../../../../tests/support/eventually.ts';
import { type OwnEngine, startOwnEngine } from '../../../../tests/support/own-engine.ts';
import { freePortPair } from '../../../../tests/support/ports.ts';
import { relaying } from '../../../test/outbox.ts';
import { recordPurchases } from '../../record-purchases.ts';
import { ensureTopic } from '../../topic.ts';
import { kafkajsPublisher } from './kafkajs-publisher.ts';

const PASSWORD = 'only-for-this-test';
const PLAIN_LOGIN = `org.apache.kafka.common.security.plain.PlainLoginModule required username="tillstream" password="${PASSWORD}" user_tillstream="${PASSWORD}";`;

/** A certificate for localhost that signs itself, with its key: as PEM in one file, as the broker reads it. */
const makeCertificate = (folder: string) => {
  const [key, certificate] = [path.join(folder, 'key.pem'), path.join(folder, 'ca.pem')];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  execFileSync('openssl', ['req', '-x509', ...kind, ...names, '-keyout', key, '-out', certificate], { stdio: 'pipe' });
  return { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') };
};

/** The settings of a broker that asks for TLS and a name. */
const securedBy = (port: number, keystore: { certificate: string; key: string }) => {
  const pem = (text: string) => text.trim().replace(/\n/g, '\\n\\\n');
  return {
    listeners: `SASL_SSL://127.0.0.1:${port},CONTROLLER://127.0.0.1:${port + 1}`,
    'advertised.listeners': `SASL_SSL://127.0.0.1:${port}`,
    'listener.security.protocol.map': 'SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'SASL_SSL',
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-512',
    'sasl.mechanism.inter.broker.protocol': 'PLAIN',
    'listener.name.sasl_ssl.plain.sasl.jaas.config': PLAIN_LOGIN,
    'listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config':
      'org.apache.kafka.common.security.scram.ScramLoginModule required;',
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.certificate.chain': pem(keystore.certificate),
    'ssl.keystore.key': pem(keystore.key),
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.certificates': pem(keystore.certificate),
  };
};

describe.skipIf(inject('kafkaBrokers') === undefined)('with a broker that asks for TLS and a password', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tillstream-secured-'));
  let broker: ChildProcess;
  let engine: OwnEngine;
  let database: TestDatabase;
  let forClickHouse: KafkaAccess;
  let access: KafkaAccess & { sasl: object; tls: object };

  beforeAll(async () => {
    const port = await freePortPair();
    const keystore = makeCertificate(folder);
    const command = await prepareKafka(path.join(folder, 'kafka'), port, {
      clusterId: newClusterId(),
      settings: securedBy(port, keystore),
      format: ['--add-scram', `SCRAM-SHA-512=[name=tillstream,password=${PASSWORD}]`],
    });
    broker = spawn(command.file, command.args, { stdio: 'ignore' });
    access = {
      brokers: `127.0.0.1:${port}`,
      tls: { ca: keystore.certificate },
      sasl: { mechanism: 'SCRAM-SHA-512', username: 'tillstream', password: PASSWORD },
    };
    // The engine of the tests was built without SCRAM, which a real server has.
    forClickHouse = { ...access, sasl: { mechanism: 'PLAIN', username: 'tillstream', password: PASSWORD } };
    [engine, database] = await Promise.all([
      startOwnEngine('secured', undefined, keystore.certificate),
      makeDatabase(inject('postgresUrl')),
    ]);
    await eventually(() => ensureTopic(access), 60_000);
  }, 90_000);
  afterAll(async () => {
    await engine?.stop();
    await database?.pool.end();
    if (broker.exitCode === null) {
      const gone = once(broker, 'exit');
      broker.kill('SIGKILL');
      await gone;
    }
    rmSync(folder, { recursive: true, force: true });
  });

  test('a sale goes through relay and ClickHouse into silver, and the reconciler sees how far it got', async () => {
    await migrateClickHouse(engine.clickhouse, forClickHouse);
    const [recorded] = await recordPurchases(database.pool, [purchase()]);
    expect(recorded?.outcome).toBe('recorded');
    await relaying(database.url, [kafkajsPublisher(access)], () =>
      eventually(async () => {
        const { sales } = await engine.clickhouse.row({
          name: 'test',
          sql: 'SELECT count() AS sales FROM silver.purchases FINAL',
          row: z.object({ sales: z.int() }),
        });
        expect(sales).toBe(1);
      }, 30_000),
    );
    const watch = kafkaBroker(access, engine.clickhouse);
    await eventually(async () => {
      const { written, read } = await watch.progress();
      expect(written).toBeGreaterThan(0);
      expect(read).toBe(written);
    }, 20_000);
    await watch.close();
  }, 60_000);

  test('PLAIN gets in, too; without the password, the certificate or TLS nobody does', async () => {
    const { brokers, sasl, tls } = access;
    await ensureTopic({ brokers, tls, sasl: { ...access.sasl, mechanism: 'PLAIN' } as typeof access.sasl });
    const wrong = { ...sasl, password: 'another' } as KafkaAccess['sasl'] & object;
    for (const refused of [
      { brokers, tls },
      { brokers, sasl },
      { brokers, tls, sasl: wrong },
      { brokers, sasl, tls: {} },
    ]) {
      await expect(ensureTopic(refused as KafkaAccess)).rejects.toThrow();
    }
  });
});

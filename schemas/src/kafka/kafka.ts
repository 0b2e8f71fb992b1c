import { SettingsError } from '../settings.ts';

const MECHANISMS = { PLAIN: 'plain', 'SCRAM-SHA-256': 'scram-sha-256', 'SCRAM-SHA-512': 'scram-sha-512' } as const;
type Mechanism = keyof typeof MECHANISMS;

/** How to reach the broker and get in. */
export interface KafkaAccess {
  /** `host:port`, comma-joined. */
  brokers: string;
  /** Absent: without TLS. `ca` is the authority's certificate as PEM; absent: those that the system trusts. */
  tls?: { ca?: string };
  /** Absent: the broker asks for no name. */
  sasl?: { mechanism: Mechanism; username: string; password: string };
}

/** A broker, or only its addresses where it asks for nothing. */
export type Kafka = string | KafkaAccess;

/** The settings of the broker; see `locationSettings`. */
interface KafkaSettings {
  KAFKA_BROKERS?: string | undefined;
  KAFKA_SECURITY_PROTOCOL: 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL';
  KAFKA_SASL_MECHANISM: Mechanism;
  KAFKA_SASL_USERNAME?: string | undefined;
  KAFKA_SASL_PASSWORD?: string | undefined;
  KAFKA_SSL_CA?: string | undefined;
}

/**
 * How to reach the broker, by the settings; undefined without one.
 *
 * @throws SettingsError where the settings contradict each other
 */
export const kafkaOf = (settings: KafkaSettings): KafkaAccess | undefined => {
  const { KAFKA_BROKERS: brokers, KAFKA_SECURITY_PROTOCOL: protocol, KAFKA_SSL_CA: ca } = settings;
  const { KAFKA_SASL_USERNAME: username, KAFKA_SASL_PASSWORD: password } = settings;
  const named = `KAFKA_SECURITY_PROTOCOL="${protocol}"`;
  if (protocol.startsWith('SASL_')) {
    if (!username || !password) throw new SettingsError(`${named} needs KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD`);
  } else if (username || password) {
    throw new SettingsError(`${named}: KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD are for SASL_SSL or SASL_PLAINTEXT`);
  }
  if (ca && !protocol.endsWith('SSL')) throw new SettingsError(`${named}: KAFKA_SSL_CA is for SSL or SASL_SSL`);
  if (brokers === undefined) {
    if (protocol !== 'PLAINTEXT') throw new SettingsError(`${named} needs KAFKA_BROKERS`);
    return undefined;
  }
  return {
    brokers,
    ...(protocol.endsWith('SSL') && { tls: ca === undefined ? {} : { ca } }),
    ...(username && password && { sasl: { mechanism: settings.KAFKA_SASL_MECHANISM, username, password } }),
  };
};

const accessOf = (kafka: Kafka): KafkaAccess => (typeof kafka === 'string' ? { brokers: kafka } : kafka);

/** The same for a client of kafkajs. */
export const kafkajsOptions = (kafka: Kafka) => {
  const { brokers, tls, sasl } = accessOf(kafka);
  return {
    brokers: brokers.split(','),
    ...(tls && { ssl: tls.ca === undefined ? true : { ca: [tls.ca] } }),
    // kafkajs has one type for each mechanism, all of the same shape.
    ...(sasl && { sasl: { ...sasl, mechanism: MECHANISMS[sasl.mechanism] } as Sasl }),
  };
};
type Sasl = {
  [M in (typeof MECHANISMS)[Mechanism]]: { mechanism: M; username: string; password: string };
}[(typeof MECHANISMS)[Mechanism]];

/**
 * The same for a table of ClickHouse's Kafka engine, as SQL of its settings. The authority's certificate is not among them: the
 * server's own configuration names it (`kafka.ssl_ca_location`).
 */
export const clickhouseKafkaSettings = (kafka: Kafka): string => {
  const { brokers, tls, sasl } = accessOf(kafka);
  const settings = {
    kafka_broker_list: brokers,
    ...((tls || sasl) && { kafka_security_protocol: `${sasl ? 'sasl_' : ''}${tls ? 'ssl' : 'plaintext'}` }),
    ...(sasl && {
      kafka_sasl_mechanism: sasl.mechanism,
      kafka_sasl_username: sasl.username,
      kafka_sasl_password: sasl.password,
    }),
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name} = '${value.replace(/['\\]/g, '\\$&')}'`)
    .join(',\n    ');
};

import { resolve } from 'node:path';
import { z } from 'zod';

const schema = z.object({
  CLICKHOUSE_PORT: z.coerce.number().int().min(1).max(65535).default(8123),
  /** Of the user `default`. */
  CLICKHOUSE_PASSWORD: z.string().default(''),
  /** As PEM: the authority that a broker's certificate must be of. */
  KAFKA_SSL_CA: z.string().optional(),
  TILLSTREAM_DATA: z.string().min(1).default('.tillstream'),
});

/** Where the server listens and keeps its data; paths are absolute. */
export interface Settings {
  port: number;
  /** The password of the user `default`. */
  password: string;
  /** The certificate, as PEM, of the authority that brokers are known by; absent: those that the system trusts. */
  kafkaCa?: string | undefined;
  /** The engine's folder: tables and metadata. */
  dataDir: string;
  /** Generated configuration and insert bodies on their way in; emptied at each start. */
  runDir: string;
}

/** Reads the settings from the environment. Throws an Error with one line that names the bad variable. */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  // An empty variable means "not set", as in a shell or a compose file.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`Bad setting: ${faults.join('; ')}`);
  }
  const state = resolve(parsed.data.TILLSTREAM_DATA);
  return {
    port: parsed.data.CLICKHOUSE_PORT,
    password: parsed.data.CLICKHOUSE_PASSWORD,
    kafkaCa: parsed.data.KAFKA_SSL_CA,
    dataDir: resolve(state, 'clickhouse'),
    runDir: resolve(state, 'clickhouse-run'),
  };
}

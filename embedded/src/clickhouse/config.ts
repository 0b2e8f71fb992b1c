import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { ANALYST_LIMITS, MAX_RESULT_BYTES } from './analyst/settings.ts';
import type { Settings } from './settings.ts';
import { ANALYST_DATABASES } from './users.ts';

const GB = 1024 ** 3;
const MB = 1024 ** 2;

/** Writes the engine's configuration into an emptied `runDir` and returns the path to give to it. */
export function writeConfig({ runDir, kafkaCa }: Settings): string {
  // The folder itself stays: it may be another user's to make.
  mkdirSync(runDir, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(runDir)) rmSync(join(runDir, name), { recursive: true, force: true });
  const usersPath = join(runDir, 'users.xml');
  const configPath = join(runDir, 'config.xml');
  writeFileSync(usersPath, usersXml());
  const caPath = kafkaCa === undefined ? undefined : join(runDir, 'kafka-ca.pem');
  if (caPath !== undefined) writeFileSync(caPath, `${kafkaCa}\n`);
  writeFileSync(configPath, serverXml(usersPath, caPath));
  return configPath;
}

function serverXml(usersPath: string, caPath: string | undefined): string {
  const ca = caPath === undefined ? '' : `\n    <ssl_ca_location>${escapeXml(caPath)}</ssl_ca_location>`;
  const memory = Math.floor(Math.min(8 * GB, totalmem() / 2));
  // executeQuery logs every failed query with a stack trace: the client gets the error, the log need not.
  return `<clickhouse>
  <logger>
    <console>1</console>
    <levels>
      <logger><name>executeQuery</name><level>none</level></logger>
      <logger><name>BackgroundSchedulePool/BgStrmSchPool</name><level>error</level></logger>
    </levels>
  </logger>
  <users_config>${escapeXml(usersPath)}</users_config>
  <timezone>UTC</timezone>
  <max_server_memory_usage>${memory}</max_server_memory_usage>
  <mark_cache_size>${256 * MB}</mark_cache_size>
  <index_mark_cache_size>${64 * MB}</index_mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <index_uncompressed_cache_size>0</index_uncompressed_cache_size>
  <memory_worker_period_ms>500</memory_worker_period_ms>
  <!-- 2 by default here: a Kafka table and a refreshable view would wait for each other. -->
  <background_schedule_pool_size>16</background_schedule_pool_size>
  <background_message_broker_schedule_pool_size>8</background_message_broker_schedule_pool_size>
  <background_pool_size>4</background_pool_size>
  <!-- A merge waits for some 15 new parts. With 5, the default, each tiny insert of a small shop soon merges its whole table. -->
  <merge_tree><merge_selector_base>15</merge_selector_base></merge_tree>
  <!-- Merges step back behind questions, where the engine may say so (CAP_SYS_NICE). -->
  <os_threads_nice_value_merge_mutate>10</os_threads_nice_value_merge_mutate>
  <!-- A cluster of this one shard: statements can be tried behind Distributed names. Nothing listens on that port. -->
  <tcp_port>9000</tcp_port>
  <remote_servers>
    <tillstream><shard><replica><host>localhost</host><port>9000</port></replica></shard></tillstream>
  </remote_servers>
  <kafka>
    <!-- A consumer that died holds its partitions until its session times out: 45 s by default. -->
    <session_timeout_ms>6000</session_timeout_ms>
    <heartbeat_interval_ms>1000</heartbeat_interval_ms>
    <!-- A broker that comes back is found again within a second: 10 s by default. -->
    <reconnect_backoff_max_ms>1000</reconnect_backoff_max_ms>${ca}
  </kafka>
</clickhouse>
`;
}

function usersXml(): string {
  const limits = Object.entries(ANALYST_LIMITS);
  const grants = ANALYST_DATABASES.map((name) => `<query>GRANT SELECT, SHOW ON ${name}.*</query>`);
  // Rights come from roles only, so that a session can give one up: SET ROLE analyst leaves the admin's rights behind.
  // The embedded engine knows one user, its sessions are all 'default'.
  return `<clickhouse>
  <profiles>
    <default>
      <implicit_select>0</implicit_select>
      <allow_introspection_functions>0</allow_introspection_functions>
      <enable_shared_storage_snapshot_in_query>1</enable_shared_storage_snapshot_in_query>
      <distributed_foreground_insert>1</distributed_foreground_insert>
      <max_result_bytes>${MAX_RESULT_BYTES}</max_result_bytes>
    </default>
    <analyst>
      <constraints>
        ${limits.map(([key, value]) => `<${key}><min>1</min><max>${value}</max></${key}>`).join('\n        ')}
        <max_result_bytes><min>1</min><max>${MAX_RESULT_BYTES}</max></max_result_bytes>
      </constraints>
    </analyst>
  </profiles>
  <roles>
    <admin><grants><query>GRANT ALL ON *.* WITH GRANT OPTION</query></grants></admin>
    <analyst><grants>${grants.join('')}</grants></analyst>
  </roles>
  <users>
    <default>
      <password></password>
      <networks><ip>::/0</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants><query>GRANT admin, analyst</query></grants>
    </default>
  </users>
  <quotas><default></default></quotas>
</clickhouse>
`;
}

function escapeXml(text: string): string {
  return text.replace(/[&<>]/g, (char) => `&#${char.charCodeAt(0)};`);
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { newClusterId, prepareKafka } from '@tillstream/embedded/kafka';
import type { Command } from '@tillstream/embedded/processes/command';
import { Kafka, logLevel } from 'kafkajs';
import { eventually } from '../eventually.ts';
import { freePortPair } from '../ports.ts';

const START_MS = 120_000;

/** Several brokers that may be killed and frozen one by one; each is a controller, too. Node ids count from 1. */
export interface KafkaCluster {
  brokers: string;
  signal: (node: number, what: NodeJS.Signals) => void;
  /** Kills a broker and waits until it is gone. */
  kill: (node: number) => Promise<void>;
  /** Starts a broker that was killed; resolves when it serves again. */
  start: (node: number) => Promise<void>;
  close: () => Promise<void>;
}

/** Starts a cluster on free ports, in a temporary folder. */
export const startKafkaCluster = async (size: number): Promise<KafkaCluster> => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tillstream-cluster-'));
  const ports: number[] = [];
  while (ports.length < size) {
    const port = await freePortPair();
    if (ports.every((taken) => Math.abs(taken - port) > 1)) ports.push(port);
  }
  const clusterId = newClusterId();
  const voters = ports.map((port, n) => `${n + 1}@127.0.0.1:${port + 1}`).join(',');
  const prepare = (port: number, n: number): Promise<Command> => {
    const settings = {
      'node.id': String(n + 1),
      'controller.quorum.voters': voters,
      'offsets.topic.replication.factor': String(size),
      // Seconds would pass before a controller that is gone is missed.
      'controller.quorum.fetch.timeout.ms': '1000',
      'controller.quorum.election.timeout.ms': '500',
    };
    return prepareKafka(path.join(folder, `node-${n + 1}`), port, { clusterId, settings });
  };
  const commands = await Promise.all(ports.map(prepare));
  const running = new Map<number, ChildProcess>();
  const brokers = ports.map((port) => `127.0.0.1:${port}`);

  const logOf = (node: number) => path.join(folder, `node-${node}.log`);
  const launch = (node: number) => {
    const command = commands[node - 1];
    if (!command) throw new Error(`there is no broker ${node}`);
    const log = openSync(logOf(node), 'a');
    running.set(node, spawn(command.file, command.args, { stdio: ['ignore', log, log] }));
    closeSync(log);
  };
  const end = async (node: number, signal: NodeJS.Signals) => {
    const child = running.get(node);
    running.delete(node);
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  };
  /** Rejects when a broker ends by itself. */
  const untilDead = async (node: number): Promise<never> => {
    const child = running.get(node);
    if (child) await once(child, 'exit');
    throw new Error(`broker ${node} ended: ${readFileSync(logOf(node), 'utf8').slice(-2_000)}`);
  };
  /** By what the others say: a broker that answers may not be a member again yet. */
  const allJoined = (nodes: number[]) =>
    eventually(async () => {
      const admin = new Kafka({
        clientId: 'test',
        brokers,
        logLevel: logLevel.NOTHING,
        retry: { retries: 0 },
        connectionTimeout: 500,
      }).admin();
      try {
        await admin.connect();
        const { brokers: members } = await admin.describeCluster();
        const missing = nodes.filter((node) => !members.some(({ nodeId }) => nodeId === node));
        if (missing.length > 0) throw new Error(`brokers ${missing} have not joined`);
      } finally {
        await admin.disconnect();
      }
    }, START_MS);
  const untilMembers = (nodes: number[]) => Promise.race([allJoined(nodes), ...nodes.map(untilDead)]);

  const nodes = ports.map((_, n) => n + 1);
  for (const node of nodes) launch(node);
  const cluster: KafkaCluster = {
    brokers: brokers.join(','),
    signal: (node, what) => void running.get(node)?.kill(what),
    kill: (node) => end(node, 'SIGKILL'),
    start: async (node) => {
      launch(node);
      await untilMembers([node]);
    },
    close: async () => {
      await Promise.all(nodes.map((node) => end(node, 'SIGKILL')));
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    await untilMembers(nodes);
  } catch (error) {
    await cluster.close();
    throw error;
  }
  return cluster;
};

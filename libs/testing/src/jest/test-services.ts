import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
// By path: jest loads its global set-up without the names of jest.config.cjs.
import { PostgresServer } from '../../../embedded/src';
import { kafkaAvailability, startKafkaBroker, type KafkaBroker } from '../kafka/kafka-broker';

/** Waits for its standard input to close, which happens at our death too, and ends what we did not. */
const WATCHDOG = 'read -r word; kill -KILL $1 2>/dev/null; sleep 1; rm -rf "$2" "$3"';

/**
 * PostgreSQL and Kafka of one jest run. Tests find them as TEST_POSTGRES_URL (superuser, database `postgres`) and
 * TEST_KAFKA_BROKERS; without the latter there is no Kafka on this machine.
 */
export class TestServices {
  private postgres: PostgresServer | undefined;
  private broker: KafkaBroker | undefined;
  private watchdog: ChildProcess | undefined;
  private readonly folder = mkdtempSync(join(tmpdir(), 'millrace-jest-'));

  /** @throws when a service cannot be had; those that were started are stopped. */
  static async start(): Promise<TestServices> {
    const services = new TestServices();
    // Both to their end: one that is still starting could not be stopped.
    const started = await Promise.allSettled([services.startPostgres(), services.startKafka()]);
    const failed = started.find((result) => result.status === 'rejected');
    if (failed !== undefined) {
      await services.stop();
      throw failed.reason;
    }
    services.watch();
    return services;
  }

  async stop(): Promise<void> {
    await Promise.all([this.postgres?.stop(), this.broker?.stop()]);
    this.watchdog?.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async startPostgres(): Promise<void> {
    chmodSync(this.folder, 0o755);
    // Nothing that a test stores has to survive the machine.
    const settings = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', max_connections: '300' };
    this.postgres = await PostgresServer.start({ dataDir: join(this.folder, 'postgresql'), settings });
    process.env['TEST_POSTGRES_URL'] = this.postgres.url.replace(/\/millrace$/, '/postgres');
  }

  private async startKafka(): Promise<void> {
    const kafka = kafkaAvailability();
    if (!kafka.available) {
      if (process.env['CI'] === 'true') throw new Error(`Kafka is mandatory under CI=true. ${kafka.reason}`);
      print(`NOT RUN: tests on a real Kafka broker: ${kafka.reason}`);
      return;
    }
    if (kafka.how === 'local') this.broker = await startKafkaBroker({ onProgress: print });
    process.env['TEST_KAFKA_BROKERS'] = this.broker?.brokers ?? process.env['KAFKA_BROKERS'];
  }

  private watch(): void {
    const args = [this.broker?.pid?.toString() ?? '', this.folder, this.broker?.dataDir ?? ''];
    this.watchdog = spawn('/bin/sh', ['-c', WATCHDOG, 'watchdog', ...args], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.watchdog.unref();
  }
}

function print(line: string): void {
  process.stderr.write(`${line}\n`);
}

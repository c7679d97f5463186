import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../process/eventually';
import { freePort } from '../process/free-port';
import { fetchJars, jarFolder, javaCommand, missingForJars } from '../java/fetched-jars.cjs';
import { describeWith } from '../describe-with';

const VERSION = '4.1.0';
const JAR = `s3proxy-${VERSION}-jar-with-dependencies.jar`;
const SHA256 = 'a4d025969aaf796616ed4b1e2491d87d455ce84bb28cb9db086b2e6aaa68b48d';
const folderOfJar = jarFolder(`s3proxy-${VERSION}`);

/** Ends the server when this process is gone: its standard input closes then. */
const WATCHDOG = 'read -r word; kill -KILL $1 2>/dev/null';

/**
 * A real S3 server of a test's own, in memory: S3Proxy, which checks signatures and checksums. Measured on two cores: it
 * answers after 1.3 s and takes 130 MB; to fetch it takes 55 MB, once.
 */
export class S3Server {
  readonly accessKeyId = 'test-key';
  readonly secretAccessKey = 'test-secret';

  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly child: ChildProcess,
    private readonly watchdog: ChildProcess,
  ) {}

  /** A sentence saying what it lacks on this machine; undefined: nothing. */
  static get missing(): string | undefined {
    return missingForJars('S3Proxy', folderOfJar);
  }

  static async start(): Promise<S3Server> {
    if (!existsSync(folderOfJar)) await fetchJar();
    const folder = mkdtempSync(join(tmpdir(), 'millrace-s3-'));
    const port = await freePort();
    const settings = join(folder, 's3proxy.properties');
    writeFileSync(settings, settingsOf(port));
    const flags = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData'];
    const args = [...flags, '-jar', join(folderOfJar, JAR), '--properties', settings];
    const child = spawn(javaCommand(), args, { stdio: 'ignore' });
    const watchdog = spawn('/bin/sh', ['-c', WATCHDOG, 'watchdog', String(child.pid)], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    watchdog.unref();
    const server = new S3Server(port, folder, child, watchdog);
    await eventually(() => fetch(`http://127.0.0.1:${port}/`));
    return server;
  }

  /** SIGSTOP freezes it, SIGCONT wakes it up. */
  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'exit');
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill('SIGKILL');
      await ended;
    }
    this.watchdog.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** See `describeWith`. */
export function describeWithS3(name: string, define: () => void): void {
  describeWith('A real S3 server', S3Server.missing, name, define);
}

async function fetchJar(): Promise<void> {
  process.stderr.write(`Fetching S3Proxy ${VERSION} with Maven (55 MB, once) …\n`);
  const artifact = `org.gaul:s3proxy:${VERSION}:jar:jar-with-dependencies`;
  await fetchJars(`S3Proxy ${VERSION}`, folderOfJar, ['dependency:copy', `-Dartifact=${artifact}`], (folder) => {
    const found = createHash('sha256').update(readFileSync(join(folder, JAR)));
    if (found.digest('hex') !== SHA256) throw new Error(`${JAR} has another checksum than it should.`);
  });
}

function settingsOf(port: number): string {
  return [
    `s3proxy.endpoint=http://127.0.0.1:${port}`,
    's3proxy.authorization=aws-v4',
    's3proxy.identity=test-key',
    's3proxy.credential=test-secret',
    'jclouds.provider=transient-nio2',
    '',
  ].join('\n');
}

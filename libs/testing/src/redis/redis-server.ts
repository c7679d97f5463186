import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { eventually } from '../process/eventually';
import { freePort } from '../process/free-port';
import { describeWith } from '../describe-with';

/** Ends the server when this process is gone: its standard input closes then. */
const WATCHDOG = 'read -r word; kill -KILL $1 2>/dev/null';

/** A real Redis of a test's own, on a port that stays its own while it is killed and started again. */
export class RedisServer {
  private child: ChildProcess | undefined;
  private watchdog: ChildProcess | undefined;

  private constructor(readonly port: number) {}

  /** Path of the program: REDIS_SERVER, else `redis-server` of PATH; undefined when there is none. */
  static get program(): string | undefined {
    const given = process.env['REDIS_SERVER'];
    if (given !== undefined && given !== '') return given;
    const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
    return folders.map((folder) => join(folder, 'redis-server')).find(isExecutable);
  }

  static async start(): Promise<RedisServer> {
    const server = new RedisServer(await freePort());
    await server.startAgain();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** After `kill`; it remembers nothing. Resolves once it answers. */
  async startAgain(): Promise<void> {
    const { program } = RedisServer;
    if (program === undefined) throw new Error('There is no redis-server on PATH, and REDIS_SERVER is not set.');
    const options = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    const child = spawn(program, [...options, '--dir', tmpdir()], { stdio: 'ignore' });
    this.child = child;
    this.watchdog = spawn('/bin/sh', ['-c', WATCHDOG, 'watchdog', String(child.pid)], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.watchdog.unref();
    await eventually(() => this.ask('PING'));
  }

  /** SIGSTOP freezes it, SIGCONT wakes it up. */
  signal(signal: NodeJS.Signals): void {
    this.child?.kill(signal);
  }

  /** SIGKILL; resolves once it is gone. */
  async kill(): Promise<void> {
    const { child } = this;
    if (child === undefined) return;
    this.child = undefined;
    const ended = once(child, 'exit');
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await ended;
    }
    this.watchdog?.kill('SIGKILL');
  }

  /** One command on a connection of its own; the answer as Redis writes it. */
  async ask(command: string): Promise<string> {
    const socket = connect(this.port, '127.0.0.1');
    try {
      socket.write(`${command}\r\n`);
      const [answer] = (await once(socket, 'data')) as [Buffer];
      return answer.toString();
    } finally {
      socket.destroy();
    }
  }
}

/** See `describeWith`. */
export function describeWithRedis(name: string, define: () => void): void {
  const missing = 'there is no redis-server on PATH, and REDIS_SERVER is not set.';
  describeWith('A real Redis', RedisServer.program === undefined ? missing : undefined, name, define);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

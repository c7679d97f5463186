import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { projectRoot } from '../prepare.mjs';

/** One compose project: the two files with an environment of their own. */
export class Compose {
  /** @param {Record<string, string>} environment what the compose files ask for; `set` changes it */
  constructor(environment) {
    this.environment = environment;
  }

  set(environment) {
    Object.assign(this.environment, environment);
  }

  /** `docker compose …`. @returns {Promise<string>} standard output */
  run(args, input) {
    return this.command('docker', ['compose', ...args], input);
  }

  /**
   * @returns {Promise<string>} standard output
   * @throws {Error} with what the command said, when it fails
   */
  command(program, args, input = '') {
    const env = { ...process.env, ...this.environment };
    const child = spawn(program, args, { cwd: projectRoot, env });
    const said = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr']) {
      child[stream].setEncoding('utf8').on('data', (text) => (said[stream] += text));
    }
    child.stdin.on('error', () => undefined); // it ended before it read everything; its exit code tells
    child.stdin.end(input);
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => {
        if (code === 0) resolve(said.stdout);
        else reject(new Error(`${program} ${args.join(' ')} ended with ${code}:\n${said.stdout}${said.stderr}`));
      });
    });
  }

  /** Containers of a service that run. */
  async replicas(service) {
    return lines(await this.run(['ps', '-q', service]));
  }

  /** @returns {Promise<string[][]>} rows of columns */
  async sql(statement, database = 'millrace') {
    const user = ['-U', 'millrace', '-d', database];
    const psql = ['psql', ...user, '-v', 'ON_ERROR_STOP=1', '-qAt', '-F', '\t'];
    const answer = await this.run(['exec', '-T', 'postgres', ...psql], statement);
    return lines(answer).map((line) => line.split('\t'));
  }
}

export function lines(text) {
  return text.split('\n').filter((line) => line.trim() !== '');
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

import { Agent, request as open } from 'node:http';
import { connect } from 'node:net';
import { once } from 'node:events';
import request from 'supertest';
import { eventually } from '@app/testing';
import { runningApi } from './running-api';

function postOver(agent: Agent, url: string, key: string): Promise<number | string> {
  return new Promise((resolve) => {
    const headers = { 'X-API-Key': key, 'Content-Type': 'application/json' };
    const call = open(`${url}/api/v1/events`, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.on('end', () => {
        resolve(response.statusCode ?? 0);
      });
    });
    call.on('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code ?? error.message);
    });
    call.end('{"name":"n"}');
  });
}

describe('the API that stops', () => {
  it('closes though clients keep their connections busy, and answers what it has taken', async () => {
    const test = await runningApi();
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    const answers: (number | string)[] = [];
    let over = false;
    const clients = Array.from({ length: 8 }, async () => {
      while (!over) answers.push(await postOver(agent, test.api.url, test.key));
    });
    await eventually(() => {
      expect(answers.length).toBeGreaterThan(50);
    });
    await test.stop();
    over = true;
    await Promise.all(clients);
    agent.destroy();
    expect(new Set(answers.filter((answer) => typeof answer === 'number'))).toEqual(new Set([202]));
  });

  it('lives on when a client goes away in the middle of its body', async () => {
    const test = await runningApi();
    const { port } = new URL(test.api.url);
    const client = connect(Number(port), '127.0.0.1');
    await once(client, 'connect');
    client.write(
      `POST /api/v1/events HTTP/1.1\r\nHost: x\r\nX-API-Key: ${test.key}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"na`,
    );
    await eventually(async () => {
      const server = test.api.app.getHttpServer() as {
        getConnections(done: (error: unknown, count: number) => void): void;
      };
      const count = await new Promise<number>((resolve) => {
        server.getConnections((_, connections) => {
          resolve(connections);
        });
      });
      expect(count).toBeGreaterThan(0);
    });
    client.destroy();
    const answer = await request(test.api.url).post('/api/v1/events').set('X-API-Key', test.key).send({ name: 'n' });
    expect(answer.status).toBe(202);
    await test.stop();
  });
});

import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { eventually, freshDatabase, runSql, type FreshDatabase } from '@app/testing';
import { Database } from './database';
import { StoreRefusedError, StoreUnavailableError } from './store-error';

let db: FreshDatabase;
beforeEach(async () => {
  db = await freshDatabase();
  await db.database.query('CREATE TABLE things (id integer PRIMARY KEY, name text)');
});
afterEach(async () => {
  await db.drop();
});

/** Stands between us and the server: can be away, and can fall silent as a frozen server does. */
class Gate {
  private server: Server | undefined;
  private readonly sockets = new Set<Socket>();

  private constructor(readonly port: number) {}

  static async closed(): Promise<Gate> {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    return new Gate(port);
  }

  async open(): Promise<void> {
    const target = new URL(db.url);
    this.server = createServer((near) => {
      const far = connect(Number(target.port), target.hostname);
      for (const socket of [near, far]) {
        this.sockets.add(socket);
        socket
          .on('error', () => undefined)
          .on('close', () => {
            near.destroy();
            far.destroy();
          });
      }
      near.pipe(far).pipe(near);
    }).listen(this.port, '127.0.0.1');
    await new Promise((resolve) => this.server?.once('listening', resolve));
  }

  freeze(): void {
    for (const socket of this.sockets) socket.unpipe().pause();
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.sockets.clear();
    const { server } = this;
    if (server !== undefined) await new Promise((resolve) => server.close(resolve));
  }

  database(queryTimeoutMs = 7000): Database {
    const url = new URL(db.url);
    url.host = `127.0.0.1:${this.port}`;
    return new Database({ url: url.href, poolSize: 2, queryTimeoutMs });
  }
}

async function killConnections(application = 'millrace'): Promise<void> {
  const sql = `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = $1`;
  await runSql(db.url, sql, [application]);
}

describe('a query', () => {
  it('gives the rows of every kind of statement', async () => {
    const { database } = db;
    expect(await database.query(`INSERT INTO things VALUES (1, 'a') RETURNING id`)).toEqual([{ id: 1 }]);
    expect(await database.query(`UPDATE things SET name = 'b' RETURNING name`)).toEqual([{ name: 'b' }]);
    expect(await database.query('DELETE FROM things WHERE id = $1 RETURNING id', [1])).toEqual([{ id: 1 }]);
    expect(await database.query('DELETE FROM things')).toEqual([]);
  });

  it('runs under limits on both sides', async () => {
    const settings = await db.database.query(
      `SELECT name, setting FROM pg_settings WHERE name IN ('statement_timeout', 'transaction_timeout',
         'idle_in_transaction_session_timeout', 'tcp_user_timeout', 'default_transaction_isolation') ORDER BY name`,
    );
    expect(settings).toEqual([
      { name: 'default_transaction_isolation', setting: 'read committed' },
      { name: 'idle_in_transaction_session_timeout', setting: '10000' },
      { name: 'statement_timeout', setting: '6300' },
      { name: 'tcp_user_timeout', setting: '10000' },
      { name: 'transaction_timeout', setting: '10000' },
    ]);
  });

  it('is refused by name when the values are at fault', async () => {
    await db.database.query(`INSERT INTO things VALUES (1, 'a')`);
    const refusal = db.database.query(`INSERT INTO things VALUES (1, 'b')`);
    await expect(refusal).rejects.toBeInstanceOf(StoreRefusedError);
    await expect(refusal).rejects.toMatchObject({ sqlState: '23505' });
  });
});

describe('an outage', () => {
  it('is over as soon as the server is there, however the process began', async () => {
    const gate = await Gate.closed();
    const database = gate.database();
    await expect(database.open()).rejects.toBeInstanceOf(StoreUnavailableError);
    await expect(database.query('SELECT 1')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retriable: true });
    await gate.open();
    await expect(database.ping()).resolves.toBeUndefined();
    await gate.close();
    await expect(database.ping()).rejects.toBeInstanceOf(StoreUnavailableError);
    await gate.open();
    await expect(database.ping()).resolves.toBeUndefined();
    await database.close();
    await gate.close();
  });

  it('by a server that froze ends each query in time, and no connection from before is used again', async () => {
    const gate = await Gate.closed();
    await gate.open();
    const database = gate.database(300);
    await database.ping();
    gate.freeze();
    await expect(database.ping()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', sqlState: undefined });
    await expect(database.ping()).resolves.toBeUndefined();
    const frozen = database.transaction(async (tx) => {
      gate.freeze();
      await tx.query('SELECT 1');
    });
    await expect(frozen).rejects.toBeInstanceOf(StoreUnavailableError);
    await expect(database.ping()).resolves.toBeUndefined();
    await database.close();
    await gate.close();
  });

  it('in the middle of a transaction leaves nothing behind, and the next call has a new connection', async () => {
    const lost = db.database.transaction(async (tx) => {
      await tx.query('INSERT INTO things VALUES (1)');
      await killConnections();
      await tx.query('INSERT INTO things VALUES (2)');
    });
    await expect(lost).rejects.toBeInstanceOf(StoreUnavailableError);
    expect(await db.database.query('SELECT * FROM things')).toEqual([]);
  });

  it('while no query runs is not noticed by anybody', async () => {
    await db.database.ping();
    await killConnections();
    await expect(eventually(() => db.database.ping())).resolves.toBeUndefined();
  });
});

describe('a transaction', () => {
  it('is committed with the result of the work', async () => {
    const result = await db.database.transaction(async (tx) => {
      await tx.query('INSERT INTO things VALUES (1)');
      return 'done';
    });
    expect(result).toBe('done');
    expect(await db.database.query('SELECT id FROM things')).toEqual([{ id: 1 }]);
  });

  it('is rolled back when the work throws, and the error comes out as it is', async () => {
    const error = new TypeError('a bug');
    const failed = db.database.transaction(async (tx) => {
      await tx.query('INSERT INTO things VALUES (1)');
      throw error;
    });
    await expect(failed).rejects.toBe(error);
    expect(await db.database.query('SELECT * FROM things')).toEqual([]);
  });

  it('whose failed statement was ignored does not look committed', async () => {
    const swallowed = db.database.transaction(async (tx) => {
      await tx.query('INSERT INTO things VALUES (1)');
      await tx.query('INSERT INTO things VALUES (1)').catch(() => undefined);
    });
    await expect(swallowed).rejects.toMatchObject({ sqlState: '23505' });
    expect(await db.database.query('SELECT * FROM things')).toEqual([]);
  });

  it('that gave up on a lock leaves its connection usable', async () => {
    await db.database.query('INSERT INTO things VALUES (1)');
    await db.database.transaction(async (holder) => {
      await holder.query('SELECT FROM things FOR UPDATE');
      const waiting = db.database.transaction((tx) => tx.query('SELECT FROM things FOR UPDATE NOWAIT'));
      await expect(waiting).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', sqlState: '55P03' });
    });
    const connections = await runSql<{ state: string }>(
      db.url,
      `SELECT state FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'millrace'`,
    );
    expect(connections.map(({ state }) => state)).toEqual(['idle', 'idle']);
  });
});

describe('listening', () => {
  it('hears every notification, and after a lost connection is told to look for itself', async () => {
    const heard: string[] = [];
    const stop = await db.database.listen('news', (payload) => heard.push(payload));
    expect(heard).toEqual(['']);
    await db.database.query(`SELECT pg_notify('news', 'first')`);
    await eventually(() => {
      expect(heard).toEqual(['', 'first']);
    });

    await killConnections('millrace-listen');
    await eventually(() => {
      expect(heard).toEqual(['', 'first', '']);
    });
    await db.database.query(`SELECT pg_notify('news', 'second')`);
    await eventually(() => {
      expect(heard).toEqual(['', 'first', '', 'second']);
    });

    await stop();
    await stop();
  });

  it('begins as soon as the server is there', async () => {
    const gate = await Gate.closed();
    const database = gate.database();
    const heard: string[] = [];
    await database.listen('news', (payload) => heard.push(payload));
    expect(heard).toEqual([]);
    await gate.open();
    await eventually(() => {
      expect(heard).toEqual(['']);
    });
    await database.close();
    await gate.close();
  });

  it('ends at once, also on a server that froze', async () => {
    const gate = await Gate.closed();
    await gate.open();
    const database = gate.database();
    const stop = await database.listen('news', () => undefined);
    gate.freeze();
    await stop();
    await database.close();
    await gate.close();
  });
});

it('closes twice, with whoever listens, and says so afterwards', async () => {
  const database = new Database(db.config);
  await database.listen('news', () => undefined);
  await database.ping();
  await Promise.all([database.close(), database.close()]);
  await database.close();
  await expect(database.ping()).rejects.toThrow('The database is closed.');
  await expect(database.listen('news', () => undefined)).rejects.toBeInstanceOf(StoreUnavailableError);
});

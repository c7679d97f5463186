import { Client } from 'pg';
import { freshDatabase } from './fresh-database';

it('gives each test tables of its own', async () => {
  const [one, other] = await Promise.all([freshDatabase(), freshDatabase()]);
  await one.database.query(`INSERT INTO projects (name) VALUES ('mine')`);
  expect(await other.database.query('SELECT name FROM projects')).toEqual([{ name: 'default' }]);
  await Promise.all([one.drop(), other.drop()]);
});

it('fails the test that left a connection open, and is gone all the same', async () => {
  const db = await freshDatabase();
  const forgotten = new Client({ connectionString: db.url, application_name: 'forgotten' });
  forgotten.on('error', () => undefined);
  await forgotten.connect();
  await expect(db.drop()).rejects.toThrow(/left open: forgotten/);
  await expect(new Client({ connectionString: db.url }).connect()).rejects.toMatchObject({ code: '3D000' });
});

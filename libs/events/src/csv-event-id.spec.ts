import { createHash } from 'node:crypto';
import { csvEventId } from './csv-event-id';

// Worked out with Python: uuid.uuid5(namespace, hashlib.sha256(bytes).hexdigest()).
const VECTORS = [
  ['name\nsignup', 'd7e7674f-1912-577b-91b7-8df4a2d96bf4'],
  ['name\nsignup\nsignup', 'fdf9d538-66b2-504f-94bd-6ee9f929fd58'],
  ['\ufeffname\r\nsignup', 'a3b6a94c-70b0-5c9c-8b93-a26494573094'],
] as const;

describe('csvEventId', () => {
  it.each(VECTORS)('gives the last row of %j the published id', (file, id) => {
    expect(csvEventId(createHash('sha256').update(file, 'utf8').digest('hex'))).toBe(id);
  });
});

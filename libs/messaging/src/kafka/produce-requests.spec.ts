import { murmur2, partitionOfHash } from '../murmur2';
import { toProduceRequests, type WeighedRecord } from './produce-requests';

const headers = { request_id: Buffer.from('r'), project: Buffer.from('1') };

function record(key: string, bytes: number): WeighedRecord {
  return { key: Buffer.from(key), value: Buffer.alloc(0), headers, bytes };
}

function heaviestPartition(request: readonly WeighedRecord[], partitions: number): number {
  const bytesOf = new Map<number, number>();
  for (const { key, bytes } of request) {
    const partition = partitionOfHash(murmur2(key), partitions);
    bytesOf.set(partition, (bytesOf.get(partition) ?? 0) + bytes);
  }
  return Math.max(...bytesOf.values());
}

describe('toProduceRequests', () => {
  it('sends up to 1000 small records in one request', () => {
    const records = Array.from({ length: 1000 }, (_, n) => record(`1:${n}`, 300));
    expect(toProduceRequests(records, 12)).toEqual([records]);
  });

  it('cuts after 1000 records and keeps their order', () => {
    const records = Array.from({ length: 2500 }, (_, n) => record(`1:${n}`, 10));
    const requests = toProduceRequests(records, 12);
    expect(requests.map((request) => request.length)).toEqual([1000, 1000, 500]);
    expect(requests.flat()).toEqual(records);
  });

  it('gives no partition more than 900 kB in one request', () => {
    const records = Array.from({ length: 40 }, (_, n) => record(`1:${n % 5}`, 260_000));
    const requests = toProduceRequests(records, 12);
    expect(requests.flat()).toEqual(records);
    for (const request of requests) expect(heaviestPartition(request, 12)).toBeLessThanOrEqual(900_000);
    expect(requests.length).toBeGreaterThan(1);
  });

  it('supposes one partition while it does not know how many there are', () => {
    const records = Array.from({ length: 8 }, (_, n) => record(`1:${n}`, 250_000));
    expect(toProduceRequests(records, undefined).map((request) => request.length)).toEqual([3, 3, 2]);
  });
});

import { banner } from './banner';
import { missingAfter } from './readiness';

const no = (): boolean => false;

describe('missingAfter', () => {
  it('finds nothing missing as soon as every check has said yes', async () => {
    let asked = 0;
    expect(await missingAfter(60_000, { first: () => true, third: () => ++asked === 3 })).toEqual([]);
  });

  it('gives up after its time and names what never said yes', async () => {
    expect(await missingAfter(30, { 'the API is not ready': () => Promise.resolve(true), 'no consumer': no })).toEqual([
      'no consumer',
    ]);
  });
});

describe('banner', () => {
  const running = {
    url: 'http://127.0.0.1:1',
    grpc: '127.0.0.1:2',
    key: 'k',
    keyFile: '/k',
    dataDir: '/d',
    parts: ['embedded log'],
  };
  const shown = (missing: string[]): string => banner({ ...running, missing, close: () => Promise.resolve() });

  it('says that it is ready only when nothing is missing', () => {
    expect(shown([])).toMatch(/^\nMillrace is ready\.\n\n {2}API/);
    const late = shown(['the API is not ready', 'no consumer has joined']);
    const sentence =
      'Millrace has started, but is not ready yet: the API is not ready, no consumer has joined; see the log.';
    expect(late).toBe(shown([]).replace('Millrace is ready.', sentence));
  });
});

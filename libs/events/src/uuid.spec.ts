import { isUuid, uuidV5, uuidV7 } from './uuid';

describe('uuidV7', () => {
  it('carries the milliseconds in front and version 7 with the RFC variant', () => {
    const id = uuidV7(Date.UTC(2100, 0, 1));
    expect(parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(Date.UTC(2100, 0, 1));
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('rises and never repeats, also when the clock stands still or goes back', () => {
    const now = Date.UTC(2101, 0, 1);
    const ids = Array.from({ length: 20_000 }, (_, index) => uuidV7(now - (index % 3)));
    expect(new Set(ids).size).toBe(ids.length);
    expect([...ids].sort()).toEqual(ids);
  });
});

describe('uuidV5', () => {
  it('agrees with the example of RFC 9562, appendix A.4', () => {
    expect(uuidV5('6ba7b810-9dad-11d1-80b4-00c04fd430c8', Buffer.from('www.example.com'))).toBe(
      '2ed6657d-e927-568b-95e1-2665a8aea6a2',
    );
  });
});

describe('isUuid', () => {
  it.each(['00000000-0000-0000-0000-000000000000', 'C232AB00-9414-11EC-B3C8-9F6BDECED846'])('takes %s', (text) => {
    expect(isUuid(text)).toBe(true);
  });

  it.each([
    '',
    'c232ab0094141ec-b3c8-9f6bdeced846',
    '{c232ab00-9414-11ec-b3c8-9f6bdeced846}',
    'c232ab00-9414-11ec-b3c8-9f6bdeced84g',
    'c232ab00-9414-11ec-b3c8-9f6bdeced846\n',
  ])('refuses %j', (text) => {
    expect(isUuid(text)).toBe(false);
  });
});

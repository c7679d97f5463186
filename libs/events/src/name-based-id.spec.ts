import { cloudEventId, idempotencyEventId, segmentEventId } from './name-based-id';

// Worked out with Python: uuid.uuid5(uuid.UUID(namespace), '\0'.join(parts)). The same vectors are in docs/identity.md.
describe('an id made of names', () => {
  it.each([
    ['/orders', '1', 'f7b2838a-06ae-5333-a884-b2b4b70f9ca8'],
    ['/orders/ü', 'A234-1234-1234', '00978811-2812-5f09-be0a-e317596d7e25'],
  ])('of the CloudEvent %s %s is the published one', (source, id, expected) => {
    expect(cloudEventId(source, id)).toBe(expected);
  });

  it('of a Segment messageId is the published one', () => {
    expect(segmentEventId('ajs-next-1')).toBe('74f2e6f2-db8c-5c71-8dcf-a8c5d0b42b66');
  });

  it.each([
    ['order-1', undefined, '7c351dec-d7c3-5aa9-8d89-6f795717ee5c'],
    ['order-1', 0, '8c2646ec-d960-5da8-a69a-81dd8b9844fe'],
    ['order-1', 12, '129050fd-a3ef-59ca-b466-06f157ae7404'],
  ])('of the Idempotency-Key %s at %s is the published one', (key, index, expected) => {
    expect(idempotencyEventId(key, index)).toBe(expected);
  });
});

import type { SchemaObject } from '@nestjs/swagger';
import { instant, orNull, text } from '../../openapi/schema';

const attribute = (description: string): SchemaObject => ({ type: 'string', minLength: 1, description });

/** An event of CloudEvents 1.0 as JSON. */
export const CLOUD_EVENT: SchemaObject = {
  title: 'CloudEvent',
  type: 'object',
  description: '`id` and `source` are its identity: sent again, it is stored once. Further members are extensions.',
  properties: {
    id: attribute('Unique for its source.'),
    source: attribute('Becomes `source`.'),
    specversion: { type: 'string', enum: ['1.0'] },
    type: attribute('Becomes `name`.'),
    subject: orNull(attribute('Becomes `user_id`.')),
    time: orNull(instant('Becomes `occurred_at`.')),
    datacontenttype: orNull(attribute('Of `data`.')),
    dataschema: orNull(attribute('Of `data`.')),
    data: { description: 'Becomes `data`; what is no object as `{"value": …}`.' },
    data_base64: orNull(text('Bytes, instead of `data`; kept as `{"data_base64": …}`.')),
  },
  required: ['id', 'source', 'specversion', 'type'],
  additionalProperties: true,
};

export const CLOUD_EVENT_EXAMPLE = {
  specversion: '1.0',
  id: 'A234-1234-1234',
  source: 'https://shop.example/orders',
  type: 'com.example.order.paid',
  subject: 'u1',
  time: '2026-01-02T03:04:05.678Z',
  data: { plan: 'pro' },
} as const;

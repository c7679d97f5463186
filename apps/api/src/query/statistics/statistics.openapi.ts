import { ApiOperation, type SchemaObject } from '@nestjs/swagger';
import { Answer, Problems } from '../../openapi/answers';
import { describeController, describeDto } from '../../openapi/describe';
import { arrayOf, count, instant, objectOf, orNull, text, type Schema } from '../../openapi/schema';
import { StatisticsController } from './statistics.controller';
import type {
  CohortRetentionDto,
  DailyUsersDto,
  MinuteTotalsDto,
  RetentionWindowDto,
  TopEventDto,
} from './statistics.convert';
import { DauDto, PerMinuteDto, RetentionDto, TopEventsDto } from './statistics.dto';

const date = (description: string): SchemaObject => ({ type: 'string', format: 'date', description });

const FROM = { ...date('The first UTC day; 29 days before `to` when left out.'), example: '2026-11-01' };
const TO = { ...date('The last UTC day, included; today when left out.'), example: '2026-11-21' };

describeDto(DauDto, {
  from: FROM,
  to: TO,
  fill: '`zero` gives the days without users too.',
});
describeDto(TopEventsDto, { from: FROM, to: TO, limit: 'How many names at most.' });
describeDto(RetentionDto, {
  start_date: {
    ...date('The UTC day of the cohort.'),
    example: '2026-11-01',
    required: true,
  } as unknown as SchemaObject,
  windows: 'How many days, from day 0 on.',
  cohort: '`active`: all users of the day. `new`: those whose first day it is.',
});
describeDto(PerMinuteDto, {
  minutes: 'How many minutes; the running one is the last.',
  name: 'Only events of this name.',
  fill: '`zero` gives the minutes without events too.',
});

const DAILY_USERS = objectOf<DailyUsersDto>('DailyUsers', {
  required: { date: date('The UTC day.'), unique_users: count('Different `user_id`s.') },
  optional: {},
});
const TOP_EVENT = objectOf<TopEventDto>('TopEvent', {
  required: { name: text('Of the events.'), count: count('How many.') },
  optional: {
    other: {
      type: 'boolean',
      enum: [true],
      description:
        'Of the last entry only, which is beyond the limit: all events whose names came after the first 1000 of a day.',
    },
  },
});
const RETENTION = objectOf<CohortRetentionDto>('Retention', {
  required: {
    cohort_size: count('Users of the cohort.'),
    windows: arrayOf(
      objectOf<RetentionWindowDto>('RetentionWindow', {
        required: {
          day: count('Days after `start_date`.'),
          count: count('Users of the cohort with an event on that day.'),
          rate: orNull({ type: 'number', minimum: 0, maximum: 1, description: '`count` by `cohort_size`.' }),
        },
        optional: {},
      }),
    ),
  },
  optional: {},
});
const MINUTE = objectOf<MinuteTotalsDto>('MinuteTotals', {
  required: {
    minute: instant('Its beginning.'),
    event_count: count('Events that occurred in it.'),
    total_amount: { type: 'number', description: 'Sum of their amounts: exact, shown as the nearest double.' },
  },
  optional: {},
});

const listOf = (items: Schema, example: unknown): Parameters<typeof Answer>[2] => ({ schema: arrayOf(items), example });

describeController(StatisticsController, 'Statistics', {
  dau: [
    ApiOperation({ summary: 'Users by day', description: 'Only events with a `user_id` count.' }),
    Answer(200, 'Oldest first.', listOf(DAILY_USERS, [{ date: '2026-11-21', unique_users: 1042 }])),
    Problems(422),
  ],
  topEvents: [
    ApiOperation({ summary: 'The most frequent events' }),
    Answer(200, 'The most frequent first, ties by name.', listOf(TOP_EVENT, [{ name: 'order.paid', count: 1042 }])),
    Problems(422),
  ],
  retention: [
    ApiOperation({ summary: 'How many users come again' }),
    Answer(200, 'An entry for each day from day 0 on; the rate of an empty cohort is null.', {
      schema: RETENTION,
      example: { cohort_size: 16, windows: [{ day: 0, count: 16, rate: 1 }] },
    }),
    Problems(422),
  ],
  perMinute: [
    ApiOperation({ summary: 'Events by minute', description: 'By `occurred_at`, up to now.' }),
    Answer(
      200,
      'Oldest first.',
      listOf(MINUTE, [{ minute: '2026-11-21T17:35:00.000Z', event_count: 7, total_amount: 12.5 }]),
    ),
    Problems(422),
  ],
});

import { GraphQLBoolean, GraphQLEnumType, GraphQLFloat, GraphQLInt, GraphQLObjectType, GraphQLString } from 'graphql';
import type { DailyUsers, MinuteTotals, Retention, RetentionWindow } from '@app/analytics';
import { formatInstant } from '@app/events';
import type { TopEventDto } from '../../query/statistics/statistics.convert';
import { listOf, required } from './event.type';
import { DateTime, Day } from './scalars';

/** Int ends at 2^31 − 1, and there may be more events. */
const count = (description: string) => ({
  type: required(GraphQLFloat),
  description: `${description} A whole number, which may have more than 32 bits.`,
});

export const DailyUsersType = new GraphQLObjectType<DailyUsers>({
  name: 'DailyUsers',
  fields: {
    date: { type: required(Day), description: 'The UTC day.' },
    uniqueUsers: count('Different users.'),
  },
});

export const TopEventType = new GraphQLObjectType<TopEventDto>({
  name: 'TopEvent',
  fields: {
    name: { type: required(GraphQLString) },
    count: count('How many.'),
    other: {
      type: required(GraphQLBoolean),
      description: 'Of the last entry, beyond the limit: all names that came after the first 1000 of a day.',
      resolve: ({ other }) => other === true,
    },
  },
});

const RetentionWindowType = new GraphQLObjectType<RetentionWindow>({
  name: 'RetentionWindow',
  fields: {
    day: { type: required(GraphQLInt), description: 'Days after the first, which is 0.' },
    count: count('Users of the cohort who have an event on that day.'),
    rate: { type: GraphQLFloat, description: 'Null for an empty cohort.' },
  },
});

export const RetentionType = new GraphQLObjectType<Retention>({
  name: 'Retention',
  fields: {
    cohortSize: count('Users of the cohort.'),
    windows: { type: required(listOf(RetentionWindowType)) },
  },
});

export const MinuteMetricsType = new GraphQLObjectType<MinuteTotals>({
  name: 'MinuteMetrics',
  fields: {
    timeWindow: {
      type: required(DateTime),
      description: 'Begin of the minute.',
      resolve: ({ minute }) => formatInstant(minute),
    },
    eventCount: count('Events that occurred in it.'),
    totalAmount: { type: required(GraphQLFloat), description: 'Sum of their amounts: exact, as the nearest double.' },
  },
});

export const CohortEnum = new GraphQLEnumType({
  name: 'Cohort',
  values: {
    active: { description: 'All users of the day.' },
    new: { description: 'Those whose first day it is.' },
  },
});

export const FillEnum = new GraphQLEnumType({
  name: 'Fill',
  values: { zero: { description: 'Gives what has no events too.' } },
});

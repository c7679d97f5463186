import {
  GraphQLID,
  GraphQLInt,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLString,
  type GraphQLFieldConfig,
} from 'graphql';
import { dayOf } from '@app/analytics';
import { readEventId } from '../../query/event-id';
import { toEventFilter } from '../../query/event-filter.convert';
import { readCursor, toCursor } from '../../query/list-cursor';
import { ListEventsDto } from '../../query/list-events.dto';
import { readDay, readDayRange } from '../../query/statistics/day-range';
import { toTopEventDtos } from '../../query/statistics/statistics.convert';
import { DauDto, PerMinuteDto, RetentionDto, TopEventsDto } from '../../query/statistics/statistics.dto';
import type { GraphqlContext } from '../graphql-context';
import { readArguments, type Arguments } from '../read-arguments';
import { EventConnection, EventFilterInput, EventType, listOf } from './event.type';
import { FILTER_NAMES, flatFilter } from './filter';
import {
  CohortEnum,
  DailyUsersType,
  FillEnum,
  MinuteMetricsType,
  RetentionType,
  TopEventType,
} from './statistics.type';
import type { EventPageView } from './views';
import { sizedBy, sizedByDays } from './sizes';

type Field = GraphQLFieldConfig<unknown, GraphqlContext, Arguments>;

const DAYS = {
  from: {
    type: GraphQLString,
    description: 'The first UTC day, like `2026-11-01`; 29 days before `to` when left out.',
  },
  to: { type: GraphQLString, description: 'The last UTC day, included; today when left out.' },
};
const FILL = { type: FillEnum, description: 'Gives what has no events too, as zero.' };
const today = (): string => dayOf(new Date());

const lastEvents: Field = {
  type: listOf(EventType),
  description: 'The newest events, by the time they occurred.',
  args: {
    limit: { type: GraphQLInt, defaultValue: 20, description: '1 to 200.' },
    filter: { type: EventFilterInput },
  },
  extensions: sizedBy('limit', 200),
  resolve: (_, given, { reads }) =>
    readArguments(ListEventsDto, flatFilter(given), FILTER_NAMES, async (checked) =>
      reads.newest(checked.limit, toEventFilter(checked)),
    ),
};

const events: Field = {
  type: EventConnection,
  description:
    'A page of the list, newest first. Rows stored meanwhile neither shift nor repeat what a cursor leads to.',
  args: {
    filter: { type: EventFilterInput },
    first: { type: GraphQLInt, defaultValue: 20, description: '1 to 200.' },
    after: { type: GraphQLString, description: '`endCursor` of the page before; only with the same filter.' },
  },
  extensions: sizedBy('first', 200),
  resolve: (_, given, { reads }) =>
    readArguments(
      ListEventsDto,
      flatFilter(given),
      { ...FILTER_NAMES, limit: 'first', cursor: 'after' },
      async (checked): Promise<EventPageView> => {
        const filter = toEventFilter(checked);
        const { limit, cursor } = checked;
        const before = cursor === undefined ? undefined : readCursor(cursor, filter);
        const page = await reads.page({ limit, before, filter });
        return { ...page, isBehind: before !== undefined, cursorOf: (place) => toCursor(place, filter) };
      },
    ),
};

const event: Field = {
  type: EventType,
  description: 'One event; null when none with this id is stored.',
  args: { id: { type: new GraphQLNonNull(GraphQLID) } },
  resolve: (_, { id }, { reads }) =>
    readArguments(Object, {}, { event_id: 'id' }, () => reads.event(readEventId(String(id)))),
};

const aggregatedMetrics: Field = {
  type: listOf(MinuteMetricsType),
  description: 'Events and amounts by minute, up to now, oldest first; minutes without events are left out.',
  args: {
    minutes: { type: GraphQLInt, defaultValue: 60, description: '1 to 10,080; the running minute is the last.' },
    name: { type: GraphQLString, description: 'Only events of this name.' },
    fill: FILL,
  },
  extensions: sizedBy('minutes', 10_080),
  resolve: (_, given, { reads }) =>
    readArguments(PerMinuteDto, given, {}, ({ minutes, name, fill }) =>
      reads.numbers('minutes', { minutes, name, fill: fill === 'zero' }, (statistics, projectId, asked) =>
        statistics.perMinute(projectId, { ...asked, now: new Date() }),
      ),
    ),
};

const dau: Field = {
  type: listOf(DailyUsersType),
  description: 'Users by day, oldest first; days without users are left out.',
  args: { ...DAYS, fill: FILL },
  extensions: sizedByDays(today),
  resolve: (_, given, { reads }) =>
    readArguments(DauDto, given, {}, (checked) =>
      reads.numbers(
        'dau',
        { ...readDayRange(checked, today()), fill: checked.fill === 'zero' },
        (statistics, projectId, asked) => statistics.dau(projectId, asked),
      ),
    ),
};

const topEvents: Field = {
  type: listOf(TopEventType),
  description: 'The most frequent events, ties by name.',
  args: { ...DAYS, limit: { type: GraphQLInt, defaultValue: 10, description: '1 to 1000.' } },
  extensions: sizedBy('limit', 1000),
  resolve: (_, given, { reads }) =>
    readArguments(TopEventsDto, given, {}, (checked) =>
      reads.numbers(
        'top',
        { ...readDayRange(checked, today()), limit: checked.limit },
        async (statistics, projectId, asked) => toTopEventDtos(await statistics.topEvents(projectId, asked)),
      ),
    ),
};

const retention: Field = {
  type: RetentionType,
  description: 'How many users of a day come again on each of the days after it.',
  args: {
    startDate: { type: new GraphQLNonNull(GraphQLString), description: 'The UTC day of the cohort.' },
    windows: { type: GraphQLInt, defaultValue: 7, description: '1 to 366 days, from day 0 on.' },
    cohort: { type: CohortEnum, defaultValue: 'active' },
  },
  extensions: sizedBy('windows', 366),
  resolve: (_, given, { reads }) =>
    readArguments(RetentionDto, given, { start_date: 'startDate' }, ({ start_date, windows, cohort }) =>
      reads.numbers(
        'retention',
        { startDay: readDay('start_date', start_date), windows, cohort },
        (statistics, projectId, asked) => statistics.retention(projectId, asked),
      ),
    ),
};

/** Nullable, all of them: what one of them cannot answer does not take the answers of the others away. */
export const QueryType = new GraphQLObjectType<unknown, GraphqlContext>({
  name: 'Query',
  fields: { lastEvents, events, event, aggregatedMetrics, dau, topEvents, retention },
});

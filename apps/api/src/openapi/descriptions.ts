// Each puts what it says on its controller when it is loaded, as decorators do.
import '../admin/dead-letters/dead-letters.openapi';
import '../admin/erasures/erasures.openapi';
import '../admin/keys/keys.openapi';
import '../admin/projects/projects.openapi';
import '../admin/tickets/tickets.openapi';
import '../graphql/graphql.openapi';
import '../graphql/playground/graphiql.openapi';
import '../health/readiness.openapi';
import '../health/vitals.openapi';
import '../ingest/rest/events-ingest.openapi';
import '../ingest/segment/segment.openapi';
import '../live/sse/live-stream.openapi';
import '../query/event-trace.openapi';
import '../query/events-query.openapi';
import '../query/statistics/statistics.openapi';
import '../query/export/events-export.openapi';
import './open-api.openapi';

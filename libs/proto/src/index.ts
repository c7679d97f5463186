export { loadEventsProto } from './events-proto';
export type { PublishBatchReply, PublishBatchRequest, PublishReply, PublishRequest, SentEvent } from './messages';

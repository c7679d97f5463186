export { readEnvironment } from './environment';
export { loadArchiveConfig, loadArchiverConfig } from './cold-config';
export {
  loadApiConfig,
  loadCliConfig,
  loadConsumerConfig,
  loadDatabaseConfig,
  loadDoctorConfig,
  loadMigrateConfig,
  loadStandaloneConfig,
} from './load-config';
export type {
  ApiConfig,
  ArchiveConfig,
  ArchiverConfig,
  BucketConfig,
  CliConfig,
  ColdConfig,
  ConsumerConfig,
  DoctorConfig,
  KafkaConfig,
  LimitConfig,
  LogConfig,
  LogLevel,
  MigrateConfig,
  PipelineConfig,
  PostgresConfig,
  PublishConfig,
  StandaloneConfig,
} from './process-config';
export { ConfigError, type Environment } from './read-settings';

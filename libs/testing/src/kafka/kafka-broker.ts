export {
  kafkaAvailability,
  startKafkaBroker,
  type KafkaAvailability,
  type KafkaBroker,
  type KafkaBrokerOptions,
} from './broker-process.cjs';

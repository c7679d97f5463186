/** The consumer with a kafkajs that breaks in a way that no new connection can cure, as a bug in it would. */
require('reflect-metadata');
const { KafkaJSNonRetriableError } = require('kafkajs');
const ConsumerGroup = require('kafkajs/src/consumer/consumerGroup');

ConsumerGroup.prototype.fetch = () => Promise.reject(new KafkaJSNonRetriableError('beyond repair'));

require('../../../dist/apps/consumer/src/main.js');

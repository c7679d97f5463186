import { Kafka, logLevel, type Message } from 'kafkajs';

/** Writes records that no publisher of ours would: what anybody with access to the topic can do. */
export async function produceRaw(brokers: string, topic: string, messages: readonly Message[]): Promise<void> {
  const producer = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING }).producer();
  await producer.connect();
  await producer.send({ topic, acks: -1, messages: [...messages] });
  await producer.disconnect();
}

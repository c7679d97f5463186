import { Kafka, logLevel, type Admin } from 'kafkajs';

/** A connection of its own for one question or order. */
export async function withAdmin<T>(brokers: readonly string[], act: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    return await act(admin);
  } finally {
    await admin.disconnect();
  }
}

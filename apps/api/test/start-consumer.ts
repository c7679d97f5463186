import { AppProcess } from '@app/testing';

/** A consumer of the embedded log in this database, as a process of its own. */
export function startConsumer(databaseUrl: string): AppProcess {
  return AppProcess.start('dist/apps/consumer/src/main.js', {
    DATABASE_URL: databaseUrl,
    MILLRACE_LOG: 'postgres',
    HEALTH_PORT: '0',
  });
}

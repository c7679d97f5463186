import { loadDatabaseConfig, readEnvironment } from '@app/config';
import { maintenanceDataSource } from '@app/persistence';

/** What `migration:generate` of TypeORM's own command line compares the entities with. */
export const dataSource = maintenanceDataSource(loadDatabaseConfig(readEnvironment()));

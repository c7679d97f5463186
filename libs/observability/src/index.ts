export { FrameworkLogger } from './framework-logger';
export { createLogger } from './logger';
export { LoggingModule } from './logging.module';
export { runProcess, type Stoppable } from './run-process';

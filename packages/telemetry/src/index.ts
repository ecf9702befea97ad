export * from './bounded-lines.ts';
export * from './event-log.ts';
export * from './logger.ts';
export * from './metrics.ts';
export * from './metrics-server.ts';
export * from './observer.ts';
export * from './service.ts';
export * from './within.ts';

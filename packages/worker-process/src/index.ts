export * from './environment.ts';
export * from './run-worker.ts';
export * from './start-worker.ts';

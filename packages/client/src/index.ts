export * from './client.ts';
export * from './failure.ts';
export { isPassing } from './repeat.ts';

export * from './data-roots.ts';
export * from './environment.ts';
export * from './file-exchange.ts';
export * from './refusal.ts';
export * from './source.ts';

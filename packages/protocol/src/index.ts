export * from './agent.ts';
export * from './codec.ts';
export * from './environment.ts';
export * from './http.ts';
export * from './json-schema.ts';
export * from './message.ts';
export * from './queue-name.ts';

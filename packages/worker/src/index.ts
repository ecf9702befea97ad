export * from './define-agent.ts';
export * from './errors.ts';
export * from './handler-context.ts';
export * from './run-agent.ts';
export * from './when-needed.ts';

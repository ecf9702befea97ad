/** The API's environment. */
import { Environment, Port } from '@baton/protocol';

export const ApiEnvironment = Environment.extend({ BATON_API_PORT: Port.default(7400) });

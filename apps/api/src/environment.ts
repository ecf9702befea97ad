/** The API's environment. */
import { AdmissionVariables, Environment, Port, Retention, Trees } from '@baton/protocol';

export const ApiEnvironment = Environment.extend({
  BATON_API_PORT: Port.default(7400),
  BATON_RETENTION_MS: Retention,
  BATON_TREES: Trees,
  ...AdmissionVariables,
});

/** The process `api`. */
import { parseEnvironment } from '@baton/protocol';
import { runService } from '@baton/telemetry';
import { ApiEnvironment } from './environment.ts';
import { serveApi } from './serve.ts';

await runService({ service: 'api', parse: (environment) => parseEnvironment(ApiEnvironment, environment), start: serveApi });

/** Whether a Docker engine answers, asked with a limit: a dead socket must cost a second, not a test run. */
import { type ClientRequestArgs, get } from 'node:http';
import { homedir } from 'node:os';
import { join } from 'node:path';

const answerMs = 1_000;

export async function dockerAnswers(): Promise<boolean> {
  const answers = await Promise.all(engines().map(ping));
  return answers.includes(true);
}

/** The addresses that testcontainers tries too. */
function engines(): readonly ClientRequestArgs[] {
  const { DOCKER_HOST: host, XDG_RUNTIME_DIR: runtimeDir } = process.env;
  if (host?.startsWith('unix://')) return [{ socketPath: host.slice('unix://'.length) }];
  if (host !== undefined && URL.canParse(host)) {
    const { hostname, port } = new URL(host);
    return [{ hostname, port }];
  }
  const sockets = ['/var/run/docker.sock', join(homedir(), '.docker/run/docker.sock')];
  if (runtimeDir !== undefined) sockets.push(join(runtimeDir, 'docker.sock'));
  return sockets.map((socketPath) => ({ socketPath }));
}

function ping(engine: ClientRequestArgs): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ ...engine, path: '/_ping', signal: AbortSignal.timeout(answerMs) }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('error', () => resolve(false));
  });
}

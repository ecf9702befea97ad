/** POST /v1/workflow-types: registers a version of a type. The body is the definition. The same again changes nothing. */
import type { RegisterTypeView } from '@baton/protocol';
import { problem, problemsAnswer } from '../answer.ts';
import type { Handler } from '../deps.ts';

export const registerType: Handler = async ({ engine }, { body }) => {
  const outcome = await engine.register(body);
  switch (outcome.status) {
    case 'registered':
    case 'existing': {
      const { name, version, hash } = outcome.type;
      const view: RegisterTypeView = { name, version, hash, created: outcome.status === 'registered' };
      return { status: view.created ? 201 : 200, body: view, headers: { location: `/v1/workflow-types/${name}/${version}` } };
    }
    case 'conflict':
    case 'full':
      return problem('conflict', outcome.message);
    case 'invalid':
      return problemsAnswer('invalid_workflow', 'The definition is', outcome.problems);
  }
};

/** Every command as a real process against a real API, with its exit code and the shape of its JSON. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  AgentListView,
  RegisterTypeView,
  StartWorkflowView,
  WorkflowListView,
  WorkflowResultView,
  WorkflowTypeListView,
  WorkflowTypeView,
  WorkflowView,
} from '@baton/protocol';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { killBatons, baton as run, startBaton } from './fixture/baton.ts';
import { type Stack, startStack } from './fixture/stack.ts';
import { echo } from './fixture/workflows.ts';

const workflows = fileURLToPath(new URL('./fixture/workflows.ts', import.meta.url));
let stack: Stack;
let folder: string;

const baton = (...words: string[]) => run(stack.apiUrl, ...words);

async function file(name: string, content: unknown): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

beforeAll(async () => {
  [stack, folder] = await Promise.all([startStack(), mkdtemp(join(tmpdir(), 'baton-cli-'))]);
  const { err } = await baton('type', 'register', workflows);
  if (err !== '') throw new Error(err);
});
afterEach(killBatons);
afterAll(async () => {
  await stack?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('type', () => {
  test('register: a module registers each of its workflows once, a JSON file one', async () => {
    const again = await baton('type', 'register', workflows);
    expect(again.out).toMatch(/^unchanged {3}echo@1 {2}[\w-]{12}\nunchanged {3}fail@1 .*\nunchanged {3}wait@1 .*\n$/);
    const json = await baton('type', 'register', await file('echo2.json', { ...echo.definition, name: 'echo2' }), '--json');
    const { types } = JSON.parse(json.out) as { types: unknown[] };
    expect(types.map((type) => RegisterTypeView.parse(type))).toMatchObject([{ name: 'echo2', version: 1, created: true }]);
  });

  test('register: other content under a version that exists is refused', async () => {
    const { exitCode, err } = await baton('type', 'register', await file('other.json', { ...echo.definition, result: 1 }));
    expect([exitCode, err]).toEqual([2, expect.stringContaining('register this as version 2')]);
  });

  test('register: all problems of a definition, with where they are', async () => {
    const node = (id: string, need: string) => ({ id, capability: 'x.y', needs: [need] });
    const { exitCode, err } = await baton(
      'type',
      'register',
      await file('bad.json', { name: 'bad', version: 1, nodes: [node('a', 'b'), node('b', 'a'), node('c', 'nobody')] }),
    );
    expect(exitCode).toBe(2);
    expect(err).toMatch(/^error: The definition is not right: .*\(and \d+ more\)\.\n( {2}\/nodes\S* +\S.*\n){2,}$/);
  });

  test('list and describe', async () => {
    expect((await baton('type', 'list')).out).toMatch(/^TYPE +VERSIONS +ACTIVE\n[^]*echo +1 +\d+\n/);
    expect(WorkflowTypeListView.parse(JSON.parse((await baton('type', 'list', '--json')).out)).types).toContainEqual({
      name: 'echo',
      versions: [1],
      active: expect.any(Number),
      max_active: null,
    });
    expect((await baton('type', 'describe', 'echo')).out).toMatch(
      /echo@1[^]*PARAM[^]*value +any +optional; What comes back\.[^]*second +test\.echo +after first/,
    );
    expect(WorkflowTypeView.parse(JSON.parse((await baton('type', 'describe', 'echo@1', '--json')).out)).name).toBe('echo');
    expect(await baton('type', 'describe', 'nope')).toMatchObject({ exitCode: 2, err: expect.stringContaining('Registered:') });
  });
});

test('agent list', async () => {
  expect((await baton('agent', 'list')).out).toMatch(/^AGENT +CAPABILITIES[^]*test-agent +test\.echo, test\.wait, test\.fail/);
  expect(AgentListView.parse(JSON.parse((await baton('agent', 'list', '--json')).out)).agents).toMatchObject([{ name: 'test-agent' }]);
});

describe('workflow start', () => {
  test('prints the id and nothing else; with --json what the API answered', async () => {
    expect(await baton('workflow', 'start', 'echo', '--params', 'value=1')).toMatchObject({
      exitCode: 0,
      out: expect.stringMatching(/^wf_[0-9a-z]{16}\n$/),
      err: '',
    });
    const json = await baton('workflow', 'start', 'echo@1', '--id', 'monday', '--params', 'value=1', '--json');
    expect(StartWorkflowView.parse(JSON.parse(json.out))).toMatchObject({ workflow_id: 'monday', created: true });
    expect(await baton('workflow', 'start', 'echo@1', '--id', 'monday', '--params', 'value=1')).toMatchObject({
      exitCode: 0,
      out: 'monday\n',
      err: expect.stringContaining('nothing new was started'),
    });
    expect(await baton('workflow', 'start', 'echo@1', '--id', 'monday', '--params', 'value=2')).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining('choose another id'),
    });
  });

  test('--wait prints the result; --params go over --params-file', async () => {
    const params = await file('params.json', { value: 'from the file', deep: { kept: 1 } });
    const { exitCode, out } = await baton('workflow', 'start', 'echo', '--params-file', params, '--params', 'value=over', 'deep.added=2', '--wait', '--json');
    const result = WorkflowResultView.parse(JSON.parse(out));
    expect([exitCode, result]).toEqual([0, { workflow_id: expect.any(String), status: 'completed', result: { value: 'over' }, error: null }]);
    const { params: given } = JSON.parse((await baton('workflow', 'describe', result.workflow_id, '--json')).out) as WorkflowView;
    expect(given).toEqual({ value: 'over', deep: { kept: 1, added: 2 } });
  });

  test('--definition starts what is not registered: JSON, or a workflow of a module by its name', async () => {
    const own = await file('own.json', { ...echo.definition, name: 'own' });
    expect((await baton('workflow', 'start', '--definition', own, '--params', 'value=1', '--wait')).out).toBe('value  1\n');
    expect((await baton('workflow', 'start', 'echo', '--definition', workflows, '--params', 'value=2', '--wait')).out).toBe('value  2\n');
    expect(await baton('workflow', 'start', '--definition', workflows)).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining('say which one (echo, fail, wait)'),
    });
  });

  test('--watch tells each change on a line, then the result and the time', async () => {
    const { exitCode, out } = await baton('workflow', 'start', 'echo', '--params', 'value={"a":1}', '--watch');
    expect(exitCode).toBe(0);
    expect(out).toMatch(/first +completed +test-agent-\S+ +\d+\.\ds\n[^]*second +completed[^]*\nvalue {2}\{\n {9}"a": 1\n {7}\}\n\n✓ completed in \d+\.\ds\n$/);
  });

  test('--watch --json is NDJSON: started, changes, ended', async () => {
    const { exitCode, out } = await baton('workflow', 'start', 'echo', '--params', 'value=1', '--watch', '--json');
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string });
    expect(exitCode).toBe(0);
    expect(lines[0]).toMatchObject({ event: 'started', type: 'echo', created: true });
    expect(lines).toContainEqual({ event: 'subtask', subtask: expect.objectContaining({ subtask_id: 'second', status: 'completed' }) });
    expect(lines.at(-1)).toMatchObject({ event: 'ended', status: 'completed', result: { value: 1 }, error: null, duration_ms: expect.any(Number) });
  });

  test('a workflow that fails: 1, and why', async () => {
    const watched = await baton('workflow', 'start', 'fail', '--params', 'value=1', '--watch');
    expect(watched.exitCode).toBe(1);
    expect(watched.out).toMatch(/second +failed_permanent[^]*✗ failed after \d+\.\ds: .*There is no such file\./);
    const waited = await baton('workflow', 'start', 'fail', '--params', 'value=1', '--wait');
    expect(waited).toMatchObject({ exitCode: 1, out: '', err: expect.stringContaining('There is no such file.') });
  });
});

describe('a workflow that runs', () => {
  const runs = (text: () => string) => vi.waitFor(() => expect(text()).toContain('waiting for the test'), { timeout: 15_000 });

  test('result says that there is none yet: 1; Ctrl-C leaves it running; the API may go away; --wait sees the end', async () => {
    const watching = startBaton(stack.apiUrl, 'workflow', 'start', 'wait', '--id', 'slow', '--params', 'value=9', '--watch');
    await runs(watching.out);
    expect(await baton('workflow', 'result', 'slow')).toMatchObject({
      exitCode: 1,
      out: '',
      err: expect.stringContaining('baton workflow result slow --wait'),
    });
    expect(WorkflowResultView.parse(JSON.parse((await baton('workflow', 'result', 'slow', '--json')).out)).status).toBe('running');
    watching.interrupt();
    expect(await watching.ended).toMatchObject({ exitCode: 130, err: expect.stringContaining('baton workflow describe slow --watch') });

    const again = startBaton(stack.apiUrl, 'workflow', 'describe', 'slow', '--watch');
    await runs(again.out);
    await stack.stopApi();
    await vi.waitFor(() => expect(again.out()).toContain('does not answer'), { timeout: 15_000 });
    await stack.startApi();
    const waiting = startBaton(stack.apiUrl, 'workflow', 'result', 'slow', '--wait');
    stack.release();
    expect(await waiting.ended).toMatchObject({ exitCode: 0, out: 'value  9\n', err: '' });
    expect(await again.ended).toMatchObject({ exitCode: 0, out: expect.stringMatching(/✓ completed in/) });
  });
});

test('workflow list and describe', async () => {
  const { out } = await baton('workflow', 'start', 'echo', '--params', 'value=1', '--wait', '--json');
  const { workflow_id } = JSON.parse(out) as WorkflowResultView;
  expect((await baton('workflow', 'list')).out).toMatch(new RegExp(`^WORKFLOW +TYPE +STATUS +STARTED +TIME\\n[^]*${workflow_id} +echo@1 +completed `));
  const page = WorkflowListView.parse(JSON.parse((await baton('workflow', 'list', '--limit', '1', '--type', 'echo', '--status', 'completed', '--json')).out));
  expect(page.workflows).toHaveLength(1);
  expect(await baton('workflow', 'list', '--status', 'cancelled')).toMatchObject({
    exitCode: 0,
    out: '',
    err: expect.stringContaining('There are no such workflows'),
  });
  expect((await baton('workflow', 'describe', workflow_id)).out).toMatch(
    new RegExp(`echo@1 {2}${workflow_id} {2}completed[^]*value {2}1[^]*✓ {2}first[^]*✓ completed in`),
  );
  expect(WorkflowView.parse(JSON.parse((await baton('workflow', 'describe', workflow_id, '--json')).out)).subtasks).toHaveLength(2);
});

describe('bad input: 2, with the mend', () => {
  test.each<[words: string[], err: string | RegExp]>([
    [['worklow'], 'Did you mean workflow?'],
    [['workflow', 'strat'], 'Did you mean start?'],
    [['workflow', 'start', 'echo', '--wacth'], 'Did you mean --watch?'],
    [['workflow'], 'Commands:'],
    [['workflow', 'describe'], "missing required argument 'id'"],
    [['workflow', 'list', '--status', 'nope'], 'Allowed choices are pending, running'],
    [['workflow', 'list', '--limit', '0'], 'from 1 to 200'],
    [['workflow', 'start'], '--definition <file>'],
    [['workflow', 'start', 'nope'], /no workflow type nope@latest[^]*Registered: echo \(version 1\)/],
    [['workflow', 'start', 'echo', '--version', '7'], 'echo@7'],
    [['workflow', 'start', 'echo', '--version', 'x'], 'is not a version'],
    [['workflow', 'start', 'echo@1', '--version', '2'], 'say different versions'],
    [['workflow', 'start', 'echo', '--params', 'value'], 'words like source=sales.csv'],
    [['workflow', 'start', 'echo', '--params', 'deep=1'], '/params/deep'],
    [['workflow', 'start', 'echo', '--params-file', '/nowhere.json'], '/nowhere.json: there is no such file'],
    [['workflow', 'start', 'echo', '--watch', '--wait'], 'give one of them'],
    [['workflow', 'start', 'echo', '--id', 'no spaces'], 'workflow_id'],
    [['workflow', 'describe', 'nope'], 'There is no workflow "nope"'],
    [['workflow', 'describe', 'nope', '--watch'], 'There is no workflow "nope"'],
    [['workflow', 'result', 'nope', '--wait'], 'There is no workflow "nope"'],
    [['dead', 'replay'], 'Say which one, or --all'],
    [['dead', 'replay', '1-1', '--all'], 'Say which one, or --all'],
    [['dead', 'replay', '1-1'], 'There is no dead letter "1-1"'],
    [['dead', 'drop', 'nonsense'], 'There is no dead letter "nonsense"'],
    [['dead', 'list', '--limit', '201'], 'from 1 to 200'],
    [['type', 'register', '/nowhere.ts'], 'cannot be loaded'],
    [['type', 'list', '--api-url', 'nonsense'], 'must be a URL like http://127.0.0.1:7400'],
  ])('baton %j', async (words, err) => {
    const ran = await baton(...words);
    expect(ran.err).toMatch(err);
    expect(ran.exitCode).toBe(2);
    expect(ran.out).toBe('');
  });

  test('files that are not what they should be', async () => {
    const broken = await file('broken.json', '{"a":');
    expect((await baton('workflow', 'start', 'echo', '--params-file', broken)).err).toContain('is not JSON');
    expect((await baton('workflow', 'start', 'echo', '--params-file', await file('list.json', []))).err).toContain('must hold a JSON object');
    expect((await baton('type', 'register', await file('empty.ts', 'export const a = 1;'))).err).toContain('exports no workflow');
  });
});

test('nobody listens: 3, with where and what to do', async () => {
  expect(await baton('type', 'list', '--api-url', 'http://127.0.0.1:1')).toMatchObject({
    exitCode: 3,
    out: '',
    err: expect.stringContaining('start it with ./dev up, or set BATON_API_URL'),
  });
});

test('help and version are fine: 0; every command has examples', async () => {
  const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  expect(await baton('--version')).toMatchObject({ exitCode: 0, out: `${version}\n` });
  const commands = [
    'workflow start',
    'workflow describe',
    'workflow list',
    'workflow result',
    'type register',
    'type list',
    'type describe',
    'type limit',
    'agent list',
  ];
  const controls = ['pause', 'resume', 'cancel', 'terminate', 'retry', 'rerun', 'restart', 'why', 'signal', 'approvals', 'approve', 'reject'];
  for (const command of [
    '',
    'workflow',
    'type',
    'agent',
    'capability',
    ...commands,
    ...controls.map((name) => `workflow ${name}`),
    'capability list',
    'capability limit',
    'dead',
    'dead list',
    'dead replay',
    'dead drop',
    'doctor',
  ]) {
    expect(await baton(...command.split(' ').filter(Boolean), '--help')).toMatchObject({
      exitCode: 0,
      err: '',
      out: expect.stringContaining('Examples:\n  $ baton '),
    });
  }
});

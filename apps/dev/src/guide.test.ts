/**
 * Holds packages/core/GUIDE.md to the guide and to the repository: no line of the guide is missing, no cell is empty, and what a row names is there.
 * Whether a test shows what its row says is for people to judge.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './checkout.ts';

/** The guide is no part of the repository: its sections, and in each the words by which its lines can be found there, in its order. */
const guide = `
## What Are A2A Workflows
Which agents participate | In what order they execute (sequential, parallel, iterative) | What context is shared between steps
How results are aggregated into a final output | directed graph of task assignments | Multi-step | Stateful | Resilient | Observable
## Why A2A Workflows Matter
Complex task execution | Task decomposition | Specialised agent capabilities | Parallel task processing
Practical example: "Generate a weekly sales dashboard." | Data Agent | Clean Agent | Analytics Agent | Chart Agent | Report Agent
Each agent is simple, independently testable, and reusable across workflows.
## Workflow vs Communication vs Collaboration vs Messaging
Messaging | Communication | Collaboration | A2A Workflow | Rule of thumb
## A2A Workflow Lifecycle
Task Creation | Task Decomposition | Task Assignment | Agent Execution | Result Collection | Result Aggregation | Completion
## Core Workflow Components
Task Owner (Orchestrator) | Worker Agent | Shared Context | Workflow State | Result Aggregator | class WorkflowOrchestrator
## Sequential Workflows
agents execute one after another, passing results forward | When to use | async def sequential_workflow | Optionally persist intermediate result
Example: Content generation workflow | Outline Agent | Draft Agent | Edit Agent | Format Agent
## Parallel Workflows
on the same input or on different partitions of data | When to use | async def parallel_workflow | timeout_seconds: int = 30 | Separate successes and failures
strategy="fail_fast" | Example: Data enrichment workflow | Credit Agent | Address Agent | Preference Agent
waits for all three (or a configurable quorum) and combines results into a single enriched customer profile
## Iterative Workflows
repeated cycles until a quality threshold is met | When to use | async def iterative_workflow | max_iterations: int = 5 | quality_threshold: float = 0.9
critique.get("quality_score", 0.0) | Prepare for next iteration | raise MaxIterationsExceededError | Example: Code refinement workflow | Generator Agent
Reviewer Agent | If score < 0.9, the orchestrator sends the review back to the generator for improvement. | Loop until passing quality or max iterations.
## Task Delegation
the orchestrator assigns subtasks to workers
### Task Assignment Message
enough context for the worker to execute autonomously | "message_id" | "receiver" | "payload" | "metadata" | "ttl_ms"
### Task Ownership
marks the subtask as running and stores the worker's address | Monitoring progress (via heartbeat or explicit progress events) | Handling timeouts
Retrying on failure (if retryable) | Ownership table (stored in workflow state)
### Task Tracking
pending → assigned → running → completed | failed → retrying (back to assigned) | failed_permanent | async def assign | async def complete | async def fail
## Workflow State Management
persist state across subtasks to survive crashes and enable resumption
### Shared State Storage
Use a fast, durable key-value store (Redis, DynamoDB). | Key by workflow_id. | State schema | "goal": "generate_sales_report" | "subtasks": | "context":
### Context Synchronization
Workers should not modify the shared state directly. | Orchestrator includes a context_ref
Worker reads the context, performs work, and returns a context_update object. | Orchestrator merges the update into the shared state. | "context_update":
### Workflow Checkpoints
save checkpoints after each subtask | ttl=86400 | loads the latest checkpoint and continues from the next pending subtask
## Result Aggregation
combine their outputs into a final result
### Collecting Outputs
Store results keyed by subtask ID in the workflow state. | async def collect_result
### Merging Outputs
Sequential | Parallel (all) | Parallel (quorum) | Iterative | Fan-out / Fan-in | def aggregate_parallel_dict | def aggregate_majority_vote
### Validation Before Aggregation
Never trust worker outputs blindly. | def validate_and_collect
## Failure Handling
degrade gracefully
### Agent Failures
async def execute_with_fallback | except (AgentUnavailableError, NetworkError) | exponential backoff | raise WorkflowSubtaskFailedError
### Workflow Retries
retry the entire workflow or individual subtasks | Idempotency requirement | if existing in ("completed", "running") | First time or failed - execute
### Partial Completion
async def parallel_with_optional | log.warning(f"Optional subtask {idx} failed: {e}")
### Timeout Handling
async def run_with_timeout | cancel all pending subtasks and mark workflow as failed | Attempt to cancel running subtasks (if supported by workers)
## Workflow Monitoring
workflow_starts_total | workflow_completions_total | workflow_duration_seconds | subtask_duration_seconds | subtask_retries_total
workflow_partial_failures_total | workflow_timeouts_total | active_workflows | Prometheus instrumentation example | Logging | "event": "workflow_started"
"event": "subtask_assigned" | "event": "subtask_completed" | "event": "workflow_completed"
## Workflow Testing
Do not rely on manual end-to-end tests only.
### Unit Testing
async def test_sequential_aggregation
### Integration Testing
async def test_sales_report_workflow_integration
### Workflow Testing (DAG validation)
def test_workflow_decomposition
### Failure Testing
async def test_workflow_fallback
## Workflow Security
secure the execution
### Access Control Checklist
Workflow-level authentication | Per-subtask authorisation | Least privilege for workers | Isolated workflow state | Audit logging
### Shared Context Protection
use separate keyspaces per workflow and enforce access via short-lived tokens | token = generate_jwt
### Secure Aggregation
(e.g., vote stuffing) | Use signed results if workers are in different trust domains.
## A2A Workflow Best Practices
Keep workflows simple | Clearly define ownership | Persist workflow state | Make workflows idempotent | Set timeouts at every level
Handle partial failures explicitly | Monitor everything | Use exponential backoff for retries | Validate all worker outputs | Design for resumability
Test failure scenarios | Version your workflows
## Common Workflow Mistakes
No clear task ownership | No workflow state persistence | Excessive communication | Missing retries | No partial failure handling | Ignoring idempotency
Poor monitoring | Overly complex workflows
## Case Study: Multi-Agent Research Workflow
Analyse customer feedback from Q2 2025 and produce a sentiment report with action items. | Workflow definition (research_workflow_v1)
Step 1 - Workflow Creation | Step 2 - Decomposition and Assignment | Subtask 1 (Fetch) | Subtask 2 (Clean) | Subtask 3 & 4 (Parallel) | Subtask 5 (Report)
Step 3 - Execution & State Tracking | async def execute_dag | Step 4 - Aggregation | Step 5 - Completion | Monitoring snapshot | Logs
## FAQ
1. What are A2A workflows? | 2. How is a workflow different from a collaboration? | 3. Who is responsible for workflow state persistence?
4. How do I handle failures in parallel subtasks? | 5. Can workflows be nested (a subtask that is itself a workflow)?
6. How do I ensure idempotency in a workflow? | 7. What is the recommended way to pass data between sequential subtasks?
8. How long should a workflow be allowed to run? | 9. How do I test a workflow without real agents? | 10. Can workflows be paused and resumed later?
11. How do I monitor workflow health in production? | 12. What is the best way to version workflows?
13. How do I avoid overloading a worker agent with too many parallel subtasks? | 14. Can a worker agent be part of multiple workflows simultaneously?
15. How do I handle workflows that require human approval? | 16. What is the difference between orchestration and choreography in workflows?
17. How do I clean up stale workflow state?
## Internal Linking Recommendations
/guides/a2a/ | /guides/a2a/agent-communication/ | /guides/a2a/agent-messaging/ | /guides/a2a/agent-collaboration/ | /guides/agent-workflows/
/guides/agent-memory/ | /guides/agent-tools/
`;

const page = read('packages/core/GUIDE.md');
const rows = page.split('\n').flatMap((line) => (isRow(line) ? [cellsOf(line)] : []));

function isRow(line: string): boolean {
  return line.startsWith('| ') && !line.startsWith('| guide ');
}

function cellsOf(line: string): readonly string[] {
  const inner = line.slice(1, -1);
  return inner.split('|').map((cell) => cell.trim());
}

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

function pathsIn(text: string): readonly string[] {
  return [...text.matchAll(/`((?:packages|apps|infra|\.ci)\/[^`]+|[\w.]+\.config\.ts)`/g)].map(([, path]) => String(path));
}

/** A cell like "`a.test.ts` "title" "title" `b.test.ts` "title"": each file with its titles. */
function citationsIn(cell: string): readonly { readonly path: string; readonly titles: readonly string[] }[] {
  return [...cell.matchAll(/`([^`]+)`((?: "[^"]+")*)/g)].map(([, path, titles]) => ({
    path: String(path),
    titles: [...String(titles).matchAll(/"([^"]+)"/g)].map(([, title]) => String(title)),
  }));
}

function isDeferred(cell: string): boolean {
  return cell.startsWith('later: ');
}

/** As the whole of a string, not somewhere in a text. */
function isTitleIn(source: string, title: string): boolean {
  return ["'", '"', '`'].some((quote) => source.includes(`${quote}${title}${quote}`));
}

test('every section and every line of the guide is there, in its order', () => {
  const outline = page.split('\n').flatMap((line) => {
    if (/^#{2,3} /.test(line)) return [line];
    return isRow(line) ? cellsOf(line).slice(0, 1) : [];
  });
  expect(outline).toEqual(guide.trim().split(/\n| \| /));
});

test('no cell is empty, and every row names code and a test, or what will bring it', () => {
  expect(rows.filter((cells) => cells.length !== 4 || cells.includes(''))).toEqual([]);
  expect(rows.filter(([, , code = '']) => pathsIn(code).length === 0)).toEqual([]);
  expect(rows.filter(([, , , tests = '']) => !isDeferred(tests) && citationsIn(tests).length === 0)).toEqual([]);
  expect(rows.filter(([, here = '', , tests = '']) => isDeferred(tests) && !here.includes('**later**'))).toEqual([]);
});

test('every path in it is there', () => {
  const paths = pathsIn(page);
  expect(paths.length).toBeGreaterThan(400);
  expect([...new Set(paths)].filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

test('every title in it is one of the file that it is said to be in', () => {
  const cited = rows.flatMap(([, , , tests = '']) => citationsIn(tests));
  expect(cited.filter(({ path, titles }) => titles.length === 0 || !/(\.test|-contract(-\w+)?)\.ts$/.test(path))).toEqual([]);
  const missing = cited.flatMap(({ path, titles }) => {
    const source = existsSync(join(root, path)) ? read(path) : '';
    return titles.filter((title) => !isTitleIn(source, title)).map((title) => `${path}: ${title}`);
  });
  expect([...new Set(missing)]).toEqual([]);
});

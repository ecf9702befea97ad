/** Every bound of the domain, each with its unit. What exceeds one is refused with a message that names it. */
const minute = 60_000;
const day = 24 * 60 * minute;

export const limits = {
  subtasksPerWorkflowMax: 10_000,
  needsPerSubtaskMax: 10_000,
  definitionBytesMax: 4 * 1024 * 1024,
  /** Of parameters, of a result, of the value at a path of the context. */
  payloadBytesMax: 16 * 1024 * 1024,
  /** What is longer is kept out of line, in the blob store, wherever it is stored or sent. */
  inlineBytesMax: 32 * 1024,
  /** What stands in Redis itself however long it is: results of `once`, outputs that go back for repair, what approvers are shown, params of a start request's job. */
  heldInlineBytesMax: 256 * 1024,
  referenceLengthMax: 1_024,
  attemptsMax: 100,
  backoffMsMax: 30_000,
  timeoutMsMax: 30 * day,
  retentionMsMax: 365 * day,
  generationsMax: 1_000,
  repairsMax: 10,
  fallbacksMax: 10,
  overloadsMax: 10_000,
  mapItemsMax: 10_000,
  iterationsMax: 100,
  plannedNodesMax: 500,
  /** Composites inside composites: a map in a plan in a plan. */
  nestingMax: 4,
  /** Each is an entry in the history, which is kept whole: what would go on for ever ends here. */
  commitsPerWorkflowMax: 200_000,
  /** Workflows inside workflows. */
  depthMax: 5,
  /** Subtasks that the queue is handed as one tree, and bytes of their parameters: each is one transaction in Redis. */
  treeNodesMax: 200,
  treeBytesMax: 1024 * 1024,
  /** Of one dispatch: what its handler does once. */
  onceKeysMax: 100,
  onceKeyLengthMax: 200,
  contextPathsMax: 1_000,
  /** Of what a conversation keeps, the newest first: each workflow of it carries all of that. */
  conversationBytesMax: 256 * 1024,
  /** Of registered types. The versions that a type has are its highest ones. */
  typesMax: 2_000,
  versionsPerTypeMax: 500,
  /** Early signals and answers that are kept, in all. */
  inboxMax: 1_000,
} as const;

/** What a definition gets where it says nothing. */
export const defaults = {
  attempts: 3,
  backoffMs: 1_000,
  jitter: 0.5,
  attemptTimeoutMs: 5 * minute,
  subtaskTimeoutMs: 60 * minute,
  workflowTimeoutMs: day,
  retentionMs: 7 * day,
  overloads: 100,
  iterations: 5,
  plannedNodes: 50,
  /** How long handlers may go on after a soft cancel. */
  graceMs: 10_000,
} as const;

/** How many partitions the workflows of a deployment are spread over; fixed when a deployment is created. */
export const partitionCount = 16;

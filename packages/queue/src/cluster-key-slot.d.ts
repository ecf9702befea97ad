/** The package brings no types. For all who compile what imports it, so tsconfig.base.json names this file. */
declare module 'cluster-key-slot' {
  /** Which of the 16,384 slots of a cluster the keys are in: those of their hash tags, if they have one; -1 if not all in one. */
  export function generateMulti(keys: readonly string[]): number;
}

/** Which of the 16,384 slots of a cluster the keys are in: those of their hash tags, if they have one; -1 if not all in one. The package brings no types. */
export function generateMulti(keys: readonly string[]): number;

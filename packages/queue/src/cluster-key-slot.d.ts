/** Which of the 16,384 slots of a cluster a key is in: that of its hash tag, if it has one. The package brings no types. */
export default function keySlot(key: string): number;

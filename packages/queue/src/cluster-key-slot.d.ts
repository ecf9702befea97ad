/** Which of the 16,384 slots of a cluster a key is in: that of its hash tag, if it has one. The package brings no types. */
// oxlint-disable-next-line import/no-default-export -- it is what the package exports
export default function keySlot(key: string): number;

declare module 'cluster-key-slot' {
  /** Which of the 16,384 slots of a cluster a key is in: that of its hash tag, if it has one. */
  export default function keySlot(key: string): number;
}

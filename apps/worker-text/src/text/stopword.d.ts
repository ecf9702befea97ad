/** The part that we use; the package brings no types. */
declare module 'stopword' {
  export const eng: readonly string[];
}

/** What ./dev has to say about its own work goes to standard error; standard output is for results. */
export function say(line: string): void {
  console.error(`dev: ${line}`);
}

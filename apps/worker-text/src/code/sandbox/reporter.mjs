/** What became of each test, as one JSON object a line. */
const { stringify } = JSON;

// Node takes a reporter from the default export.
// oxlint-disable-next-line import/no-default-export
export default async function* report(events) {
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const cause = data.details.error?.cause;
    const isError = cause instanceof Error;
    const error = cause === undefined ? null : { name: isError ? cause.name : 'Error', message: String(isError ? cause.message : cause), actual: cause.actual };
    yield `${stringify({ name: data.name, passed: type === 'test:pass', error })}\n`;
  }
}

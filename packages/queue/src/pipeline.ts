/** The replies of a pipeline. ioredis hands the errors of single commands over as values; we throw the first. */
import type { ChainableCommander } from 'ioredis';

export async function execute(pipeline: ChainableCommander): Promise<readonly unknown[]> {
  const replies = (await pipeline.exec()) ?? [];
  return replies.map(([error, value]) => {
    if (error !== null) throw error;
    return value;
  });
}

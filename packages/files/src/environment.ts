/** The environment of a process that reads sources and leaves files: spread it into a schema. */
import { z } from 'zod';
import { parseDataRoots } from './data-roots.ts';

const DataRoots = z.string().transform((text, context) => {
  try {
    return parseDataRoots(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: `must be directories and URLs with commas between them: ${(error as Error).message}` });
    return z.NEVER;
  }
});

export const filesEnvironment = {
  /** Where sources may lie: directories and URL prefixes, with commas between them. Nowhere, if it is not set. */
  BATON_DATA_ROOTS: DataRoots.prefault(''),
  /** Where the agents leave files for each other; the same for all workers. */
  BATON_FILES_DIR: z.string().min(1).default('./.baton/files'),
  BATON_SOURCE_BYTES_MAX: z.coerce.number().int().min(1).default(1_073_741_824),
};

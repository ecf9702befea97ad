/** Definitions from a file: a JSON document, or a module whose exports are built workflows. A module is run: it is the caller's own code. */
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { InputError } from './failure.ts';
import { jsonFile } from './params.ts';

const moduleExtensions = new Set(['.ts', '.mts', '.js', '.mjs']);

/**
 * @param what how the file was named, for messages: `--definition` or `type register`
 * @returns at least one document; those of a module by the names of its exports
 * @throws {InputError}
 */
export async function readDefinitions(file: string, what: string): Promise<readonly unknown[]> {
  if (!moduleExtensions.has(extname(file))) return [await jsonFile(file, what)];
  let exported: Record<string, unknown>;
  try {
    exported = (await import(pathToFileURL(resolve(file)).href)) as Record<string, unknown>;
  } catch (cause) {
    throw new InputError(`${what} ${file} cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  const definitions = new Set(Object.values(exported).flatMap((value) => (isBuilt(value) ? [value.definition] : [])));
  if (definitions.size > 0) return [...definitions];
  throw new InputError(
    `${what} ${file} exports no workflow: export what defineWorkflow(…) builds, like "export const report = defineWorkflow({ … }).step(…)".`,
  );
}

function isBuilt(value: unknown): value is { readonly definition: object } {
  return typeof value === 'object' && value !== null && typeof (value as { definition?: unknown }).definition === 'object';
}

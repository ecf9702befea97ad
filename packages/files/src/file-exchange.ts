/**
 * Files go between agents by reference: each subtask writes into a folder of its own and hands on `file://` URIs.
 * **Invariants:** nothing outside the root is read or written; a file appears under its name only when it is complete (written beside, synced,
 * renamed), so an attempt that runs again, or twice at once, leaves one whole file.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, open, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Refusal } from './refusal.ts';

/** Whose folder it is; a handler's context is one. */
export interface Owner {
  readonly workflowId: string;
  readonly subtaskId: string;
}

/** One JSON value a line, of any length. Not committed, it leaves nothing behind. */
export interface LineFile extends AsyncDisposable {
  append(value: unknown): Promise<void>;
  /** @returns the file's URI */
  commit(): Promise<string>;
}

export interface FileExchange {
  /** The path of a file that another agent wrote. @throws {Refusal} if it lies elsewhere or is gone */
  locate(uri: string): Promise<string>;
  /** @returns the file's URI */
  write(owner: Owner, name: string, content: string | Uint8Array): Promise<string>;
  openLines(owner: Owner, name: string): Promise<LineFile>;
}

export function createFileExchange(root: string, Refused: Refusal): FileExchange {
  return {
    locate: (uri) => locate(root, uri, Refused),
    write: async (owner, name, content) => {
      const path = await place(root, owner, name, Refused);
      const draft = `${path}.${randomUUID()}.tmp`;
      try {
        await writeFile(draft, content, { flush: true });
        await rename(draft, path);
      } catch (cause) {
        await rm(draft, { force: true });
        throw cause;
      }
      return pathToFileURL(path).href;
    },
    openLines: async (owner, name) => createLineFile(await place(root, owner, name, Refused)),
  };
}

/** Is the path the folder, or inside it? Both absolute. */
export function isInside(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

async function locate(root: string, uri: string, Refused: Refusal): Promise<string> {
  if (!URL.canParse(uri) || !uri.startsWith('file://')) throw new Refused(`"${uri}" is no file:// URI of another agent.`, { code: 'FILE_FORBIDDEN' });
  const path = fileURLToPath(uri);
  const refusal = `${uri} does not lie in the files folder of this agent (BATON_FILES_DIR): all agents of a workflow need the same folder.`;
  const top = resolve(root);
  if (!isInside(top, path) && !isInside(await realpath(top), path)) throw new Refused(refusal, { code: 'FILE_FORBIDDEN' });
  let real: string;
  try {
    real = await realpath(path);
  } catch (cause) {
    throw new Refused(`${uri} is gone: start the workflow again, so that it is written anew.`, { code: 'FILE_GONE', cause });
  }
  if (!isInside(await realpath(top), real)) throw new Refused(refusal, { code: 'FILE_FORBIDDEN' });
  return real;
}

/**
 * The path for a file of this subtask; its folder is there. The ids' alphabets would let '..' pass. The id of a part (`refine#2/generate`) is one
 * folder: '~' stands in no id.
 */
async function place(root: string, { workflowId, subtaskId }: Owner, name: string, Refused: Refusal): Promise<string> {
  const folderName = subtaskId.replaceAll('/', '~');
  for (const part of [workflowId, folderName, name]) {
    if (part === '' || part.startsWith('.') || /[/\\\0]/.test(part)) {
      throw new Refused(`"${part}" cannot be the name of a file or folder.`, { code: 'FILE_FORBIDDEN' });
    }
  }
  const folder = resolve(root, workflowId, folderName);
  await mkdir(folder, { recursive: true });
  return join(folder, name);
}

const bufferLengthMax = 64 * 1024;

async function createLineFile(path: string): Promise<LineFile> {
  const draft = `${path}.${randomUUID()}.tmp`;
  const handle = await open(draft, 'wx');
  let buffer = '';
  let isOpen = true;
  const flush = async (): Promise<void> => {
    await handle.appendFile(buffer);
    buffer = '';
  };
  return {
    append: async (value) => {
      buffer += `${JSON.stringify(value)}\n`;
      if (buffer.length > bufferLengthMax) await flush();
    },
    commit: async () => {
      await flush();
      await handle.sync();
      await handle.close();
      isOpen = false;
      await rename(draft, path);
      return pathToFileURL(path).href;
    },
    [Symbol.asyncDispose]: async () => {
      if (!isOpen) return;
      await handle.close();
      await rm(draft, { force: true });
    },
  };
}

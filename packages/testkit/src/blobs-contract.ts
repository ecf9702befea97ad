/** What every blob store keeps to. */
import { createHash } from 'node:crypto';
import type { BlobStore } from '@baton/core';
import { describe, expect, it } from 'vitest';

/** @param makeBlobs an empty one; `reopen`: the same, seen by another process */
export function blobsContract(name: string, makeBlobs: () => Promise<{ readonly blobs: BlobStore; readonly reopen: () => Promise<BlobStore> }>): void {
  describe(`the blob store: ${name}`, () => {
    it('gives back what was put, to whoever asks, to the letter', async () => {
      const { blobs, reopen } = await makeBlobs();
      for (const text of ['"x"', JSON.stringify('ä \u0000 \u2028 😀 "quoted" \\ \ud800'), JSON.stringify('é'.repeat(1024 * 1024))]) {
        await blobs.put('wf_1', hashOf(text), text);
        expect(await blobs.get('wf_1', hashOf(text))).toBe(text);
        expect(await (await reopen()).get('wf_1', hashOf(text))).toBe(text);
      }
    });

    it('knows nothing of what was not put there, nor of what another workflow put', async () => {
      const { blobs } = await makeBlobs();
      const sha256 = await putText(blobs, 'wf_1', '"secret"');
      expect(await blobs.get('wf_1', hashOf('"other"'))).toBeNull();
      expect([await blobs.get('wf_2', sha256), await blobs.get('wf_', sha256), await blobs.get('wf_10', sha256)]).toEqual([null, null, null]);
    });

    it('keeps once what is put twice, also at the same time', async () => {
      const { blobs } = await makeBlobs();
      const all = await Promise.all(Array.from({ length: 8 }, () => putText(blobs, 'wf_1', '"again"')));
      await putText(blobs, 'wf_1', '"again"');
      expect([new Set(all).size, await blobs.get('wf_1', all[0] as string)]).toEqual([1, '"again"']);
    });

    it('lets go of everything of one workflow, and of nothing else', async () => {
      const { blobs } = await makeBlobs();
      const gone = await Promise.all(['1', '2', '3'].map((text) => putText(blobs, 'wf_1', text)));
      const stays = await putText(blobs, 'wf_10', '1');
      await blobs.purge('wf_1');
      await blobs.purge('wf_1');
      await blobs.purge('nobody');
      expect(await Promise.all(gone.map((sha256) => blobs.get('wf_1', sha256)))).toEqual([null, null, null]);
      expect(await blobs.get('wf_10', stays)).toBe('1');
      expect(await blobs.get('wf_1', await putText(blobs, 'wf_1', '1'))).toBe('1');
    });

    it('takes any id that a workflow may have', async () => {
      const { blobs } = await makeBlobs();
      for (const id of ['a', 'A.b-c_d', `${'x'.repeat(127)}.`, '0', 'wf.m.1.g2']) {
        expect(await blobs.get(id, await putText(blobs, id, `"${id}"`))).toBe(`"${id}"`);
      }
    });
  });
}

async function putText(blobs: BlobStore, workflowId: string, text: string): Promise<string> {
  await blobs.put(workflowId, hashOf(text), text);
  return hashOf(text);
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The edit agent: every paragraph and heading through the linters of prose; code and links are left alone. */
import { readFile } from 'node:fs/promises';
import type { FileExchange } from '@baton/files';
import type { HandlerContext } from '@baton/worker';
import type { Text } from 'mdast';
import { visit } from 'unist-util-visit';
import type { z } from 'zod';
import type { Change, contentEdit } from '../capability/content.ts';
import { wordCount } from '../text/keywords.ts';
import { parseMarkdown } from './document.ts';
import { type Edit, edit, type Note } from './editing.ts';
import { markdownOf } from './markdown.ts';

type Input = z.output<typeof contentEdit.input>;
type Output = z.output<typeof contentEdit.output>;

const changesMax = 100;
const notesMax = 12;

export function createContentEdit(exchange: FileExchange): (input: Input, context: HandlerContext) => Promise<Output> {
  return async ({ previous_result: { markdown_uri, words: _, ...article } }, context) => {
    const tree = parseMarkdown(await readFile(await exchange.locate(markdown_uri), 'utf8'));
    const texts: Text[] = [];
    visit(tree, 'text', (node) => void texts.push(node));
    const edits: Edit[] = [];
    const notes: Note[] = [];
    for (const [index, node] of texts.entries()) {
      context.signal.throwIfAborted();
      const edited = await edit(node.value);
      node.value = edited.text;
      edits.push(...edited.edits);
      notes.push(...edited.notes);
      context.progress((99 * (index + 1)) / texts.length, `${edits.length} changes`);
    }
    const markdown = markdownOf(tree);
    const written = await exchange.write(context, 'edited.md', markdown);
    return { ...article, markdown_uri: written, words: wordCount(markdown), changes: counted(edits), notes: notes.slice(0, notesMax) };
  };
}

function counted(edits: readonly Edit[]): Change[] {
  const groups = Map.groupBy(edits, ({ rule, from, to }) => JSON.stringify([rule, from, to]));
  return [...groups.values()]
    .map((group) => ({ ...(group[0] as Edit), count: group.length }))
    .toSorted((a, b) => b.count - a.count)
    .slice(0, changesMax);
}

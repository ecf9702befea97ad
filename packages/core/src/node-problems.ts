/** What is wrong inside a node: references, expressions, joins, and what its kind asks for. */
import type { Node } from './definition.ts';
import type { NodeList } from './definition-problems.ts';
import { expressionDefect, stepsNamedIn } from './expression.ts';
import { needsOf, valuesOf } from './graph.ts';
import type { Json, JsonObject, Problem } from './json.ts';
import { pointer } from './json.ts';
import { type Reference, type ReferenceRoot, referencesIn } from './reference.ts';
import { absentName } from './schema-path.ts';
import { didYouMean } from './suggestion.ts';

type Finding = Omit<Problem, 'path'> | null;

/** Roots that mean something everywhere; the others only inside a map's or a loop's own parts. */
const everywhere: readonly ReferenceRoot[] = ['params', 'steps', 'context', 'conversation', 'previous_result'];

export function nodeProblems(list: NodeList, index: number, node: Node): readonly Problem[] {
  const references = valuesOf(node).flatMap(({ at, value }) => {
    const roots: readonly ReferenceRoot[] = at[0] === 'each' ? [...everywhere, 'item', 'index'] : node.kind === 'loop' ? [...everywhere, 'loop'] : everywhere;
    return referenceFindings(list, value, ['nodes', index, ...at], roots, node);
  });
  const found = [...joinFindings(node), ...kindFindings(node), ...expressionFindings(list, node)];
  return [...references, ...found.map(({ at, finding }) => ({ path: pointer('nodes', index, ...at), ...finding }))];
}

export function resultProblems(list: NodeList): readonly Problem[] {
  return list.result === undefined ? [] : referenceFindings(list, list.result, ['result'], ['params', 'steps', 'context', 'conversation'], null);
}

function referenceFindings(
  list: NodeList,
  value: Json,
  base: readonly (string | number)[],
  roots: readonly ReferenceRoot[],
  owner: Node | null,
): readonly Problem[] {
  return [...referencesIn(value, base)].flatMap(({ at, text, reference }) => {
    const finding = reference === null ? malformed(text) : referenceFinding(list, reference, text, roots, owner);
    return finding === null ? [] : [{ path: pointer(...at), ...finding }];
  });
}

function malformed(text: string): Finding {
  return {
    code: 'bad_reference',
    message: `"${text}" is no reference; write $params.name, $steps.id.name or $context.name, or "$${text}" for the text itself.`,
  };
}

function referenceFinding(list: NodeList, { root, path }: Reference, text: string, roots: readonly ReferenceRoot[], owner: Node | null): Finding {
  if (!roots.includes(root))
    return { code: 'bad_reference', message: `"${text}" means nothing here: $${root} belongs into the parts of a ${root === 'loop' ? 'loop' : 'map'}.` };
  if (root === 'params') return absence(list.input, path, text, 'the input schema');
  if (root === 'previous_result') {
    const { id, needs } = { id: (owner as Node).id, needs: needsOf(owner as Node) };
    return needs.length === 1
      ? null
      : { code: 'bad_reference', message: `"${text}" needs exactly one step before; "${id}" has ${needs.length}: name the step, as $steps.id.` };
  }
  return root === 'steps' ? stepFinding(list, path, text, owner) : null;
}

function stepFinding(list: NodeList, [id, ...rest]: readonly string[], text: string, owner: Node | null): Finding {
  if (id === undefined) return { code: 'bad_reference', message: `"${text}" names no node; write $steps.id.name.` };
  const { known, nodes } = directoryOf(list);
  if (!known.has(id)) return { code: 'unknown_id', message: `"${text}" refers to "${id}", but there is no such node${didYouMean(id, [...known])}.` };
  if (id === owner?.id) return { code: 'bad_reference', message: `"${text}" refers to the node's own result.` };
  return absence(nodes.get(id)?.output, rest, text, `the output schema of "${id}"`);
}

interface Directory {
  /** Every id that a reference may name. */
  readonly known: ReadonlySet<string>;
  readonly nodes: ReadonlyMap<string, Node>;
}
const directories = new WeakMap<NodeList, Directory>();

/** Made once a list: 10,000 nodes with a reference each must not search 10,000 nodes each. */
function directoryOf(list: NodeList): Directory {
  const made = directories.get(list);
  if (made !== undefined) return made;
  // Of two nodes with one id the first counts.
  const nodes = new Map(list.nodes.toReversed().map(({ node }) => [node.id, node]));
  const directory = { known: new Set([...list.ids, ...(list.around ?? [])]), nodes };
  directories.set(list, directory);
  return directory;
}

function absence(schema: JsonObject | undefined, path: readonly string[], text: string, where: string): Finding {
  const absent = absentName(schema, path);
  return absent && { code: 'bad_reference', message: `"${text}" refers to a value that ${where} does not have${didYouMean(absent.name, absent.known)}.` };
}

interface Found {
  readonly at: readonly (string | number)[];
  readonly finding: Omit<Problem, 'path'>;
}

function joinFindings(node: Node): readonly Found[] {
  const needs = needsOf(node).length;
  const { join } = node;
  const bad = (message: string): readonly Found[] => [{ at: ['join'], finding: { code: 'bad_join', message } }];
  if (join.kind !== 'all' && needs === 0) return bad(`"${join.kind}" needs steps to join: name them in "needs".`);
  if (join.kind === 'quorum' && join.of !== needs) return bad(`The quorum is of ${join.of}, but the node has ${needs} needs.`);
  if ((join.kind === 'quorum' || join.kind === 'first') && join.k > needs) return bad(`${join.k} can never be reached with ${needs} needs.`);
  return [];
}

function kindFindings(node: Node): readonly Found[] {
  if (node.kind === 'approval' && node.approvers.length > 0 && node.required > node.approvers.length) {
    return [
      { at: ['required'], finding: { code: 'too_big', message: `${node.required} approvals can never be reached with ${node.approvers.length} approvers.` } },
    ];
  }
  if (node.kind === 'gather' && needsOf(node).length === 0) {
    return [{ at: ['needs'], finding: { code: 'too_small', message: 'A gather needs steps whose results it brings together: name them in "needs".' } }];
  }
  if (node.kind === 'loop' && node.threshold === undefined && node.until === undefined && node.on_exhausted === 'fail') {
    return [
      {
        at: ['threshold'],
        finding: {
          code: 'missing',
          message: 'Without "threshold" or "until" no draft is ever good enough, and the loop must fail: give one, or on_exhausted: "complete".',
        },
      },
    ];
  }
  return [];
}

function expressionFindings(list: NodeList, node: Node): readonly Found[] {
  const rules = (of: { readonly rules: Node['rules'] }, ...at: readonly string[]) =>
    of.rules.map(({ rule }, position) => ({ at: [...at, 'rules', position, 'rule'], source: rule }));
  const sources: readonly { readonly at: readonly (string | number)[]; readonly source: string | undefined }[] = [
    { at: ['when'], source: node.when },
    ...rules(node),
    ...(node.kind === 'loop' ? [{ at: ['until'], source: node.until }, ...rules(node.generate, 'generate'), ...rules(node.critique, 'critique')] : []),
    ...(node.kind === 'map' ? rules(node.each, 'each') : []),
    ...('aggregate' in node && node.aggregate.strategy === 'expression' ? [{ at: ['aggregate', 'expression'], source: node.aggregate.expression }] : []),
  ];
  const defects = sources.flatMap(({ at, source }) => {
    const defect = source === undefined ? null : expressionDefect(source);
    return defect === null ? [] : [{ at, finding: { code: 'bad_expression', message: `"${source}" is no CEL expression: ${defect}.` } }];
  });
  const unknown = stepsNamedIn(node.when ?? '').filter((id) => !directoryOf(list).known.has(id));
  return [
    ...defects,
    ...unknown.map((id) => ({
      at: ['when'],
      finding: { code: 'unknown_id', message: `"when" names "${id}", but there is no such node${didYouMean(id, list.ids)}.` },
    })),
  ];
}

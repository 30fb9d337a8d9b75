import { common, createLowlight } from 'lowlight';
import type { Piece } from './CodeBlock';

type Tree = ReturnType<ReturnType<typeof createLowlight>['highlight']>;

const lowlight = createLowlight(common);

/** Code as stretches of one colour each; null for a language that is not known. */
export function highlight(code: string, language: string): Piece[] | null {
  if (!lowlight.registered(language))
    return null;
  const pieces: Piece[] = [];
  flatten(lowlight.highlight(language, code).children, '', pieces);
  return pieces;
}

function flatten(nodes: Tree['children'], name: string, pieces: Piece[]): void {
  for (const node of nodes) {
    if (node.type === 'text')
      pieces.push({ text: node.value, name });
    else if (node.type === 'element')
      flatten(node.children as Tree['children'], (node.properties.className as string[]).join(' '), pieces);
  }
}

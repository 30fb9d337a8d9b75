import type { RootContent } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { mathFromMarkdown } from 'mdast-util-math';
import { gfm } from 'micromark-extension-gfm';
import { math } from 'micromark-extension-math';

/** A block of a text, with where it stands in it. Offsets inside the node count from `offset`. */
export interface Block {
  node: RootContent;
  offset: number;
  source: string;
}

/** Beyond these a text is shown as it is: the parser's time grows faster than such a text does, and nobody reads it as Markdown. */
const longestText = 200_000;
const deepest = /^[ \t>*+\-0-9.)]{150}|[[\]]{150}|(?:[[!(<*_~`$][^\n]?){400}/m;

const options = {
  // One dollar sign is money more often than a formula.
  extensions: [gfm({ singleTilde: false }), math({ singleDollarTextMath: false })],
  mdastExtensions: [gfmFromMarkdown(), mathFromMarkdown()],
};

const codePart = /(```[\s\S]*?(?:```|$)|~~~[\s\S]*?(?:~~~|$)|`[^`\n]*`)/;

/** Models write \( \) and \[ \] as often as dollar signs; both have the same length, so that offsets stay. Code is left alone. */
function normalised(text: string): string {
  if (!/\\[([]/.test(text))
    return text;
  return text.split(codePart).map((part, i) => (i % 2 === 0 ? part.replace(/\\[()[\]]/g, '$$$$') : part)).join('');
}

function whole(text: string, offset: number): Block {
  return { node: { type: 'text', value: text, position: undefined }, offset, source: text };
}

export function parse(text: string, offset = 0): Block[] {
  if (text.length > longestText || deepest.test(text))
    return [whole(text, offset)];
  try {
    const tree = fromMarkdown(normalised(text), options);
    return tree.children.map((node) => ({ node, offset, source: text }));
  } catch {
    return [whole(text, offset)];
  }
}

export const startOf = (block: Block): number => block.offset + (block.node.position?.start.offset ?? 0);

/** Parses a text that grows at its end: only the last block can still change, so only it is parsed again. */
export class GrowingParser {
  private text = '';
  private blocks: Block[] = [];

  update(text: string): Block[] {
    if (text === this.text)
      return this.blocks;
    const last = this.blocks[this.blocks.length - 1];
    if (last && text.length <= longestText && text.startsWith(this.text)) {
      const from = startOf(last);
      this.blocks = [...this.blocks.slice(0, -1), ...parse(text.slice(from), from)];
    } else {
      this.blocks = parse(text);
    }
    this.text = text;
    return this.blocks;
  }
}

import type { Nodes, Parents } from 'mdast';
import { Fragment, memo, useMemo, useRef, type ReactNode } from 'react';
import type { Run } from '../api/types';
import { OriginMap } from '../chat/origin';
import { CodeBlock } from './CodeBlock';
import { Formula } from './Formula';
import { GrowingParser, parse, startOf, type Block } from './parse';
import { AlignedSpans, type Place, Spans } from './Spans';

interface Props {
  text: string;
  origin?: readonly Run[];
  /** Colour the text by where it comes from. */
  visualise: boolean;
  growing?: boolean;
}

/**
 * Markdown of a model. It is built from elements only, never from markup, so that nothing a model writes can become part of the page:
 * HTML is shown as text, links lead to web addresses only, pictures are named and not fetched.
 */
export const Markdown = memo(function Markdown({ text, origin, visualise, growing = false }: Props): ReactNode {
  const parser = useRef<GrowingParser | null>(null);
  const blocks = useMemo(() => {
    if (growing)
      return (parser.current ??= new GrowingParser()).update(text);
    parser.current = null;
    return parse(text);
  }, [text, growing]);
  const map = visualise ? new OriginMap(origin) : null;
  return blocks.map((block, i) => (
    <BlockView key={startOf(block)} block={block} place={{ origin: map, growing: growing && i === blocks.length - 1 }} />
  ));
});

/** A block that is closed never changes, nor does where it came from: it is drawn once. */
const BlockView = memo(
  function BlockView({ block, place }: { block: Block; place: Place }): ReactNode {
    return <NodeView node={block.node} block={block} place={place} depth={0} />;
  },
  (one, other) => one.block.node === other.block.node && (one.place.origin === null) === (other.place.origin === null) && one.place.growing === other.place.growing,
);

interface NodeProps {
  node: Nodes;
  block: Block;
  place: Place;
  depth: number;
}

const deepest = 40;

function NodeView({ node, block, place, depth }: NodeProps): ReactNode {
  if (depth > deepest)
    return <Raw node={node} block={block} place={place} />;
  const children = (parent: Parents) => parent.children.map((child, i) => (
    <NodeView key={i} node={child} block={block} place={place} depth={depth + 1} />
  ));
  switch (node.type) {
    case 'text':
      return node.position ? <Words node={node} value={node.value} block={block} place={place} />
        : <p className="plain-text"><Spans text={node.value} start={block.offset} place={place} /></p>;
    case 'paragraph':
      return <p>{children(node)}</p>;
    case 'heading': {
      // The page has its own first heading.
      const Tag = (['h2', 'h3', 'h4', 'h5', 'h6', 'h6'] as const)[node.depth - 1]!;
      return <Tag>{children(node)}</Tag>;
    }
    case 'emphasis':
      return <em>{children(node)}</em>;
    case 'strong':
      return <strong>{children(node)}</strong>;
    case 'delete':
      return <del>{children(node)}</del>;
    case 'blockquote':
      return <blockquote>{children(node)}</blockquote>;
    case 'list':
      return node.ordered ? <ol start={node.start ?? 1}>{children(node)}</ol> : <ul>{children(node)}</ul>;
    case 'listItem':
      return (
        <li className={typeof node.checked === 'boolean' ? 'task' : undefined}>
          {typeof node.checked === 'boolean' && <input type="checkbox" checked={node.checked} readOnly disabled aria-label={node.checked ? 'done' : 'open'} />}
          {node.children.map((child, i) => child.type === 'paragraph' && !node.spread
            ? <Fragment key={i}>{children(child)}</Fragment>
            : <NodeView key={i} node={child} block={block} place={place} depth={depth + 1} />)}
        </li>
      );
    case 'inlineCode':
      return <code><Words node={node} value={node.value} block={block} place={place} /></code>;
    case 'code':
      return <CodeBlock code={node.value} language={node.lang ?? null} source={sourceOf(node, block)} start={offsetOf(node, block)} place={place} />;
    case 'inlineMath':
      return <Formula tex={node.value} display={false} from={place.origin?.at(offsetOf(node, block))} growing={place.growing} />;
    case 'math':
      return <Formula tex={node.value} display from={place.origin?.at(offsetOf(node, block))} growing={place.growing} />;
    case 'break':
      return <br />;
    case 'thematicBreak':
      return <hr />;
    case 'link':
      return isWebAddress(node.url)
        ? <a href={node.url} target="_blank" rel="noopener noreferrer nofollow">{children(node)}</a>
        : <span title={node.url}>{children(node)}</span>;
    case 'image':
      return <span className="picture">{isWebAddress(node.url)
        ? <a href={node.url} target="_blank" rel="noopener noreferrer nofollow">{`[${node.alt || node.url}]`}</a> : `[${node.alt || node.url}]`}</span>;
    case 'table':
      return (
        <div className="table"><table>
          {node.children.slice(0, 1).map((row, i) => <thead key={i}><tr>{row.children.map((cell, j) => <th key={j} data-align={node.align?.[j] ?? undefined}>{children(cell)}</th>)}</tr></thead>)}
          <tbody>{node.children.slice(1).map((row, i) => <tr key={i}>{row.children.map((cell, j) => <td key={j} data-align={node.align?.[j] ?? undefined}>{children(cell)}</td>)}</tr>)}</tbody>
        </table></div>
      );
    default:
      // HTML, footnotes, definitions, references: what was written.
      return <Raw node={node} block={block} place={place} />;
  }
}

function Words({ node, value, block, place }: { node: Nodes; value: string; block: Block; place: Place }): ReactNode {
  return <AlignedSpans text={value} source={sourceOf(node, block)} start={offsetOf(node, block)} place={place} />;
}

function Raw({ node, block, place }: { node: Nodes; block: Block; place: Place }): ReactNode {
  return <span className="plain-text"><Spans text={sourceOf(node, block)} start={offsetOf(node, block)} place={place} /></span>;
}

const offsetOf = (node: Nodes, block: Block): number => block.offset + (node.position?.start.offset ?? 0);

const sourceOf = (node: Nodes, block: Block): string =>
  block.source.slice(node.position?.start.offset ?? 0, node.position?.end.offset ?? block.source.length);

function isWebAddress(url: string): boolean {
  return /^(https?:\/\/|mailto:)/i.test(url);
}

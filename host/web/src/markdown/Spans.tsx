import { Fragment, type ReactNode } from 'react';
import type { Origin } from '../api/types';
import type { OriginMap } from '../chat/origin';

/** What rendering a text needs to know besides the text. */
export interface Place {
  /** Null: origins are not shown. */
  origin: OriginMap | null;
  /** The text is still being written. */
  growing: boolean;
}

const classOf: Record<Origin, string | undefined> = { main: undefined, draft: 'from-draft', ngram: 'from-ngram' };

/** A stretch of the source, shown as it is, coloured by origin. */
export function Spans({ text, start, place }: { text: string; start: number; place: Place }): ReactNode {
  if (!place.origin)
    return text;
  let at = 0;
  return place.origin.slice(start, start + text.length).map((run) => {
    const piece = text.slice(at, at + run.chars);
    at += run.chars;
    return coloured(piece, run.from, at);
  });
}

/** A text that is not the source itself (escapes, references, line ends): each character is found again in the source. */
export function AlignedSpans({ text, source, start, place }: { text: string; source: string; start: number; place: Place }): ReactNode {
  if (!place.origin || text === source)
    return <Spans text={text} start={start} place={place} />;
  const pieces: ReactNode[] = [];
  let from: Origin | null = null;
  let piece = '';
  let at = 0;
  for (const character of text) {
    const found = source.indexOf(character, at);
    if (found >= 0 && found - at < 64)
      at = found;
    const origin = place.origin.at(start + Math.min(at, source.length - 1));
    if (origin !== from && from !== null) {
      pieces.push(coloured(piece, from, pieces.length));
      piece = '';
    }
    from = origin;
    piece += character;
    at += character.length;
  }
  if (from !== null)
    pieces.push(coloured(piece, from, pieces.length));
  return pieces;
}

function coloured(text: string, from: Origin, key: number): ReactNode {
  const name = classOf[from];
  return name ? <span key={key} className={name}>{text}</span> : <Fragment key={key}>{text}</Fragment>;
}

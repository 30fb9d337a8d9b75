import { ActionIcon, CopyButton, Tooltip } from '@mantine/core';
import { type ReactNode, useEffect, useState } from 'react';
import { IconCheck, IconCopy } from '../shell/icons';
import { strings } from '../strings';
import type { Place } from './Spans';
import { Spans } from './Spans';

/** A stretch of code with its class of colour. */
export interface Piece {
  text: string;
  name: string;
}

interface Props {
  code: string;
  language: string | null;
  source: string;
  start: number;
  place: Place;
}

/** Longer code stays in one colour: the highlighter would hold up the page. */
const longest = 30_000;

export function CodeBlock({ code, language, source, start, place }: Props): ReactNode {
  const pieces = useHighlighted(code, language, !place.growing && code.length <= longest);
  // Code that stands in the source as it is begins after the opening fence.
  const shift = Math.max(0, source.indexOf(code));
  let at = start + shift;
  return (
    <div className="code">
      <div className="code-head">
        <span>{language ?? strings.chat.code}</span>
        <CopyButton value={code}>
          {({ copied, copy }) => (
            <Tooltip label={copied ? strings.chat.copied : strings.chat.copyCode}>
              <ActionIcon variant="subtle" color="gray" size="sm" onClick={copy} aria-label={strings.chat.copyCode}>
                {copied ? <IconCheck /> : <IconCopy />}
              </ActionIcon>
            </Tooltip>
          )}
        </CopyButton>
      </div>
      <pre tabIndex={0} aria-label={language ?? strings.chat.code}><code>
        {(pieces ?? [{ text: code, name: '' }]).map((piece, i) => {
          const from = at;
          at += piece.text.length;
          const content = <Spans text={piece.text} start={from} place={place} />;
          return <span key={i} className={piece.name || undefined}>{content}</span>;
        })}
      </code></pre>
    </div>
  );
}

function useHighlighted(code: string, language: string | null, enabled: boolean): Piece[] | null {
  const [result, setResult] = useState<{ code: string; pieces: Piece[] } | null>(null);
  useEffect(() => {
    if (!enabled || !language)
      return;
    let current = true;
    void import('./highlight').then(({ highlight }) => {
      const pieces = highlight(code, language);
      if (current && pieces)
        setResult({ code, pieces });
    });
    return () => void (current = false);
  }, [code, language, enabled]);
  return enabled && result?.code === code ? result.pieces : null;
}

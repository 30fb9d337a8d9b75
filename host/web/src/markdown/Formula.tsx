import { type ReactNode, useEffect, useRef, useState } from 'react';
import type { Origin } from '../api/types';

interface Props {
  tex: string;
  display: boolean;
  from?: Origin;
  growing: boolean;
}

type Katex = typeof import('katex').default;

let loading: Promise<Katex> | null = null;

function load(): Promise<Katex> {
  return (loading ??= Promise.all([import('katex'), import('katex/dist/katex.min.css')]).then(([module]) => module.default));
}

/** A formula; until it is complete, and when it is none, its source. */
export function Formula({ tex, display, from, growing }: Props): ReactNode {
  const place = useRef<HTMLSpanElement>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    let current = true;
    if (!growing) {
      void load().then((katex) => {
        if (!current || !place.current)
          return;
        try {
          // Draws into the element, without markup and without inline styles, which the page's policy would not take.
          katex.render(tex, place.current, { displayMode: display, throwOnError: true, trust: false, maxExpand: 500, maxSize: 20, strict: 'ignore' });
          setFailed(false);
        } catch {
          setFailed(true);
        }
      });
    }
    return () => void (current = false);
  }, [tex, display, growing]);
  const className = [display ? 'formula' : undefined, from && from !== 'main' ? `from-${from}` : undefined].filter(Boolean).join(' ') || undefined;
  return growing || failed || tex.length > 5000
    ? <code className={className}>{tex}</code>
    : <span className={className} ref={place} />;
}

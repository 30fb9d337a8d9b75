import { ActionIcon, Tooltip } from '@mantine/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { IconDown } from '../shell/icons';
import { strings } from '../strings';
import { MessageView } from './MessageView';
import type { ChatSession, ChatView } from './session';

/** Nearer to the end than this, the list follows what is written. */
const nearEnd = 60;

/** The messages of the branch that is shown; only those in sight are there as elements. */
export function MessageList({ session, view }: { session: ChatSession; view: ChatView }) {
  const scroller = useRef<HTMLDivElement>(null);
  const following = useRef(true);
  const [atEnd, setAtEnd] = useState(true);
  const rows = useVirtualizer({
    count: view.path.length,
    getScrollElement: () => scroller.current,
    getItemKey: (index) => view.path[index]!.id,
    estimateSize: (index) => 90 + view.path[index]!.content.length / 2,
    overscan: 4,
  });

  const toEnd = useCallback(() => {
    const element = scroller.current;
    if (element)
      element.scrollTop = element.scrollHeight;
  }, []);

  const onScroll = () => {
    const { scrollHeight, scrollTop, clientHeight } = scroller.current!;
    following.current = scrollHeight - scrollTop - clientHeight < nearEnd;
    setAtEnd(following.current);
  };

  useLayoutEffect(() => {
    following.current = true;
    toEnd();
  }, [view.path.length, toEnd]);

  const height = rows.getTotalSize();
  useLayoutEffect(() => {
    if (following.current)
      toEnd();
  }, [height, toEnd]);

  useEffect(() => session.subscribeGrowth(() => {
    if (following.current)
      requestAnimationFrame(toEnd);
  }), [session, toEnd]);

  return (
    <div style={{ position: 'relative', flex: 1, minHeight: 0, display: 'flex' }}>
      <div className="scroller" ref={scroller} onScroll={onScroll} onWheel={(event) => { if (event.deltaY < 0) following.current = false; }} tabIndex={0} role="log" aria-label={strings.chat.messages} aria-live="off">
        <div style={{ height, position: 'relative' }}>
          {rows.getVirtualItems().map((row) => (
            <div key={row.key} data-index={row.index} ref={rows.measureElement} style={{ position: 'absolute', top: 0, left: 0, width: '100%', transform: `translateY(${row.start}px)` }}>
              <div className="column">
                <MessageView session={session} view={view} message={view.path[row.index]!} />
              </div>
            </div>
          ))}
        </div>
      </div>
      {!atEnd && (
        <Tooltip label={strings.chat.toEnd}>
          <ActionIcon className="to-end" radius="xl" size="lg" variant="default" aria-label={strings.chat.toEnd} onClick={() => { following.current = true; toEnd(); }}><IconDown /></ActionIcon>
        </Tooltip>
      )}
      <div className="visually-hidden" aria-live="polite">{view.writing ? strings.chat.answering : strings.chat.answered}</div>
    </div>
  );
}

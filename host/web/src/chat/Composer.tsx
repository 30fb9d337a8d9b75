import { ActionIcon, Textarea, Tooltip } from '@mantine/core';
import { useEffect, useState } from 'react';
import { usePrefs } from '../prefs';
import { IconClose, IconSend, IconStop } from '../shell/icons';
import { strings } from '../strings';
import type { ChatSession, ChatView } from './session';
import { Legend } from './Legend';

const text = strings.chat;

/** What was typed and not sent, by chat: it stays when another chat is looked at. */
const drafts = new Map<string, string>();

const inputId = 'composer';

export const focusComposer = (): void => document.getElementById(inputId)?.focus({ preventScroll: true });

export function Composer({ session, view }: { session: ChatSession; view: ChatView }) {
  const { id, settings } = view.chat;
  const [value, setValue] = useState(drafts.get(id) ?? '');
  const { visualise } = usePrefs();
  const writing = view.writing !== null;

  useEffect(focusComposer, [id]);
  useEffect(() => void drafts.set(id, value), [id, value]);

  const sendNow = () => {
    if (!value.trim() || !settings.model)
      return;
    setValue('');
    session.ask(value.trim());
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault();
      sendNow();
    } else if (event.key === 'Escape' && writing) {
      session.stop();
    }
  };
  return (
    <div className="column" style={{ paddingTop: 6, paddingBottom: 12 }}>
      {view.queue.map((question, i) => (
        <div key={i} className="queued" title={question}>
          <b>{text.queued}</b><span>{question}</span>
          <ActionIcon variant="subtle" color="gray" size="sm" aria-label={text.unqueue} onClick={() => session.unqueue(i)}><IconClose size={14} /></ActionIcon>
        </div>
      ))}
      <div className="composer">
        <Textarea id={inputId} autosize minRows={1} maxRows={12} flex={1} variant="unstyled" placeholder={text.ask} aria-label={text.ask} title={text.askHint}
          value={value} onChange={(event) => setValue(event.currentTarget.value)} onKeyDown={onKeyDown} />
        {writing && (
          <Tooltip label={`${text.stop} (Esc)`}>
            <ActionIcon size={36} radius="xl" color="gray" variant="light" onClick={() => session.stop()} aria-label={text.stop} mb={2}><IconStop /></ActionIcon>
          </Tooltip>
        )}
        <Tooltip label={writing ? text.queue : text.send}>
          <ActionIcon size={36} radius="xl" onClick={sendNow} disabled={!value.trim() || !settings.model} aria-label={writing ? text.queue : text.send} mb={2}><IconSend /></ActionIcon>
        </Tooltip>
      </div>
      {visualise && view.path.length > 0 && <div style={{ padding: '6px 6px 0' }}><Legend /></div>}
    </div>
  );
}

import { ActionIcon, Alert, Button, CopyButton, Group, Loader, Text, Textarea, Tooltip, UnstyledButton } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { lazy, memo, type ReactNode, Suspense, useState, useSyncExternalStore } from 'react';
import type { Message, Run } from '../api/types';
import { usePrefs } from '../prefs';
import { IconBranch, IconCheck, IconCopy, IconDown, IconEdit, IconLeft, IconPlay, IconRefresh, IconRight } from '../shell/icons';
import { strings } from '../strings';
import { useLoadProgress } from './loading';
import type { ChatSession, ChatView } from './session';
import { keep } from './sessions';
import { StatsLine } from './StatsLine';
import { siblingsOf } from './tree';

interface Props {
  session: ChatSession;
  view: ChatView;
  message: Message;
}

const text = strings.chat;

// Comes with the first message: an empty chat does without.
const Markdown = lazy(() => import('../markdown/Markdown').then((module) => ({ default: module.Markdown })));

/** A text as it is, for the moment until it is shown as Markdown. */
const plain = (content: string): ReactNode => <div className="text"><p className="plain-text">{content}</p></div>;

export const MessageView = memo(
  function MessageView({ session, view, message }: Props) {
    const [editing, setEditing] = useState(false);
    const writing = view.writing === message.id;
    return (
      <article className={`message ${message.role === 'user' ? 'question-row' : ''}`} data-role={message.role} data-writing={writing || undefined}
        aria-label={message.role === 'user' ? text.you : text.assistant}>
        {message.role === 'assistant' && <div className="message-head">{text.assistant}{message.meta.model && <small className="key">{message.meta.model}</small>}</div>}
        {editing ? <Editor message={message} session={session} close={() => setEditing(false)} />
          : message.role === 'user' ? <div className="question text"><Suspense fallback={plain(message.content)}><Markdown text={message.content} visualise={false} /></Suspense></div>
          : writing ? <Growing session={session} message={message} />
          : <Answer content={message.content} origin={message.meta.origin} reasoning={message.meta.reasoning} reasoningOrigin={message.meta.reasoning_origin} />}
        {!writing && message.meta.error && <Alert color="red" title={text.failed} mt="xs" styles={{ message: { whiteSpace: 'pre-wrap' } }}>{message.meta.error}</Alert>}
        {!writing && message.role === 'assistant' && <StatsLine meta={message.meta} />}
        {!writing && !editing && <Tools session={session} view={view} message={message} edit={() => setEditing(true)} />}
      </article>
    );
  },
  (one, other) => one.session === other.session && one.message === other.message && one.view.writing === other.view.writing
    && one.view.messages.size === other.view.messages.size,
);

interface AnswerProps {
  content: string;
  origin?: readonly Run[];
  reasoning?: string;
  reasoningOrigin?: readonly Run[];
  growing?: boolean;
}

function Answer({ content, origin, reasoning, reasoningOrigin, growing = false }: AnswerProps): ReactNode {
  const { visualise } = usePrefs();
  return (
    <Suspense fallback={plain(content)}>
      {reasoning && (
        <Reasoning active={growing && content.length === 0}>
          <Markdown text={reasoning} origin={reasoningOrigin} visualise={visualise} growing={growing} />
        </Reasoning>
      )}
      <div className="text" data-testid="answer"><Markdown text={content} origin={origin} visualise={visualise} growing={growing} /></div>
    </Suspense>
  );
}

function Reasoning({ active, children }: { active: boolean; children: ReactNode }) {
  const { expandReasoning } = usePrefs();
  const [opened, setOpened] = useState(expandReasoning);
  return (
    <div className="reasoning">
      <UnstyledButton onClick={() => setOpened(!opened)} aria-expanded={opened}>
        <span className={active ? 'pulse' : undefined}>{active ? text.thinking : text.reasoning}</span>
        {opened ? <IconDown size={14} /> : <IconRight size={14} />}
      </UnstyledButton>
      {opened && <div className="text">{children}</div>}
    </div>
  );
}

function Growing({ session, message }: { session: ChatSession; message: Message }) {
  useSyncExternalStore(session.subscribeGrowth, () => session.version);
  const growing = session.growing;
  if (!growing)
    return null;
  return (
    <>
      {growing.waiting && <Waiting model={message.meta.model ?? session.view.chat.settings.model} />}
      <Answer content={growing.content} origin={growing.origin} reasoning={growing.reasoning} reasoningOrigin={growing.reasoningOrigin} growing />
    </>
  );
}

function Waiting({ model }: { model: string | undefined }) {
  const progress = useLoadProgress(model);
  return (
    <Group gap="xs" c="dimmed" role="status">
      <Loader size="xs" type="dots" />
      <Text size="sm">{progress ? (progress.percent === null ? text.loading : text.loadingPercent(progress.percent)) : text.reading}</Text>
    </Group>
  );
}

function Editor({ message, session, close }: { message: Message; session: ChatSession; close: () => void }) {
  const [value, setValue] = useState(message.content);
  const save = () => {
    close();
    if (value.trim())
      session.edit(message, value);
  };
  return (
    <div style={{ width: '100%' }}>
      <Textarea autosize minRows={2} maxRows={20} value={value} data-autofocus autoFocus aria-label={text.edit} onChange={(event) => setValue(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape')
            close();
          else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey))
            save();
        }} />
      <Group mt="xs" gap="xs">
        <Button size="xs" onClick={save}>{message.role === 'user' ? text.saveAndAsk : text.save}</Button>
        <Button size="xs" variant="default" onClick={close}>{text.cancel}</Button>
      </Group>
    </div>
  );
}

function Tools({ session, view, message, edit }: Props & { edit: () => void }) {
  const navigate = useNavigate();
  const busy = view.writing !== null;
  const answer = message.role === 'assistant';
  const last = view.path.at(-1)?.id === message.id;
  const branch = () => {
    const copy = session.branch(message);
    keep(copy);
    void navigate({ to: '/chats/$id', params: { id: copy.view.chat.id } });
  };
  return (
    <div className="tools">
      <Versions session={session} view={view} message={message} />
      <CopyButton value={message.content}>
        {({ copied, copy }) => <Tool label={copied ? text.copied : text.copy} onClick={copy}>{copied ? <IconCheck size={16} /> : <IconCopy size={16} />}</Tool>}
      </CopyButton>
      <Tool label={text.edit} onClick={edit} disabled={busy}><IconEdit size={16} /></Tool>
      {answer && <Tool label={text.regenerate} onClick={() => session.regenerate(message)} disabled={busy}><IconRefresh size={16} /></Tool>}
      {answer && last && <Tool label={text.resume} onClick={() => session.resume(message)} disabled={busy}><IconPlay size={16} /></Tool>}
      <Tool label={text.branch} onClick={branch} disabled={busy}><IconBranch size={16} /></Tool>
    </div>
  );
}

function Versions({ session, view, message }: Props) {
  const versions = siblingsOf(view.messages, message);
  if (versions.length < 2)
    return null;
  const at = versions.findIndex(({ id }) => id === message.id);
  const go = (step: number) => session.show(versions[at + step]!);
  const busy = view.writing !== null;
  return (
    <Group gap={2} wrap="nowrap" mr={4}>
      <Tool label={text.previous} onClick={() => go(-1)} disabled={busy || at === 0}><IconLeft size={15} /></Tool>
      <Text size="xs" c="dimmed" style={{ fontVariantNumeric: 'tabular-nums' }}>{text.version(at + 1, versions.length)}</Text>
      <Tool label={text.next} onClick={() => go(1)} disabled={busy || at === versions.length - 1}><IconRight size={15} /></Tool>
    </Group>
  );
}

function Tool({ label, onClick, disabled, children }: { label: string; onClick: () => void; disabled?: boolean; children: ReactNode }) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" size={28} onClick={onClick} disabled={disabled} aria-label={label}>{children}</ActionIcon>
    </Tooltip>
  );
}

import type { QueryClient } from '@tanstack/react-query';
import type { useNavigate } from '@tanstack/react-router';
import { getPrefs } from '../prefs';
import { ChatSession } from './session';
import { keepUnsent } from './unsent';

type Navigate = ReturnType<typeof useNavigate>;

/** Always there, so that a first question need not wait for the list of models. */
export const embeddedModel = 'tandem/storyteller';

/** Chats that were looked at since the page was opened. They go on while another is shown. */
const sessions = new Map<string, ChatSession>();
let fresh: ChatSession | null = null;
let shown: ChatSession | null = null;
let client: QueryClient | null = null;

const listChanged = (): void => void client?.invalidateQueries({ queryKey: ['chats'] });

export function connect(queries: QueryClient): void {
  client = queries;
}

/** The chat that has no message yet. */
export function freshSession(): ChatSession {
  if (fresh?.view.stored)
    fresh = null;
  return (fresh ??= ChatSession.fresh({ model: getPrefs().model ?? embeddedModel }, listChanged));
}

export function keep(session: ChatSession): void {
  sessions.set(session.view.chat.id, session);
}

export const known = (id: string): ChatSession | undefined => sessions.get(id);

export async function load(id: string): Promise<ChatSession> {
  const session = sessions.get(id) ?? (await ChatSession.load(id, listChanged));
  sessions.set(id, session);
  return session;
}

export function forget(id: string): void {
  sessions.get(id)?.stop();
  sessions.delete(id);
  listChanged();
}

export function show(session: ChatSession | null): void {
  shown = session;
}

/** The chat on the screen. */
export const currentSession = (): ChatSession | null => shown;

export function openChat(navigate: Navigate, id: string): void {
  void navigate({ to: '/chats/$id', params: { id } });
}

addEventListener('pagehide', () => {
  keepUnsent([...sessions.values()].flatMap((session) => session.leave()));
});

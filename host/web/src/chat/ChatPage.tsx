import { ActionIcon, Alert, Drawer, Group, Loader, Stack, Text, Tooltip } from '@mantine/core';
import { useHotkeys, useMediaQuery } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { ApiError } from '../api/client';
import { useModels } from '../api/queries';
import { setPrefs, usePrefs } from '../prefs';
import { IconSliders } from '../shell/icons';
import { strings } from '../strings';
import { Composer } from './Composer';
import { MessageList } from './MessageList';
import { ModelPicker } from './ModelPicker';
import type { ChatSession } from './session';
import { connect, embeddedModel, freshSession, keep, known, load, show } from './sessions';
import { SettingsPanel } from './SettingsPanel';
import { titleOf } from './titles';
import { Welcome } from './Welcome';

export function ChatPage() {
  const { id } = useParams({ strict: false });
  connect(useQueryClient());
  return id === undefined ? <FreshChat /> : <StoredChat key={id} id={id} />;
}

/** A chat that has no message yet; it gets its address with the first one. */
function FreshChat() {
  const [session] = useState(freshSession);
  const navigate = useNavigate();
  useEffect(() => session.subscribe(() => {
    if (session.view.stored && known(session.view.chat.id) === undefined) {
      keep(session);
      void navigate({ to: '/chats/$id', params: { id: session.view.chat.id } });
    }
  }), [session, navigate]);
  return <Chat session={session} />;
}

function StoredChat({ id }: { id: string }) {
  const session = useQuery({ queryKey: ['session', id], queryFn: () => load(id), initialData: () => known(id), staleTime: Infinity, gcTime: 0 });
  if (session.data)
    return <Chat session={session.data} />;
  if (session.error instanceof ApiError && session.error.status === 404)
    return <Stack p="xl" align="center"><Text>{strings.chat.gone}</Text></Stack>;
  return session.error ? <Alert m="md" color="red">{session.error.message}</Alert> : <Stack p="xl" align="center"><Loader aria-label={strings.chat.title} /></Stack>;
}

function Chat({ session }: { session: ChatSession }) {
  const view = useSyncExternalStore(session.subscribe, () => session.view);
  const prefs = usePrefs();
  const narrow = useMediaQuery('(max-width: 1100px)', undefined, { getInitialValueInEffect: false });
  const [drawer, setDrawer] = useState(false);
  const title = titleOf(view.chat, prefs);
  useFirstModel(session);
  useEffect(() => {
    show(session);
    return () => show(null);
  }, [session]);
  useEffect(() => {
    document.title = view.path.length > 0 ? `${title} · ${strings.app}` : strings.app;
  }, [title, view.path.length]);
  useHotkeys([['mod+I', () => toggle()]], []);

  function toggle() {
    if (narrow)
      setDrawer(!drawer);
    else
      setPrefs({ settingsOpen: !prefs.settingsOpen });
  }

  const opened = narrow ? drawer : prefs.settingsOpen;
  return (
    <div style={{ display: 'flex', height: '100%', minHeight: 0 }}>
      <main className={`chat ${prefs.wide ? 'wide' : ''}`} data-writing={view.writing !== null || undefined} style={{ flex: 1 }} aria-label={strings.chat.title}>
        <div className="chat-bar">
          <h1 className="visually-hidden">{title}</h1>
          <ModelPicker session={session} view={view} />
          <Group ml="auto" gap="xs" wrap="nowrap">
            <SaveNote state={view.saving} />
            <Tooltip label={opened ? strings.chat.hideSettings : strings.chat.showSettings}>
              <ActionIcon variant="subtle" color="gray" size="lg" onClick={toggle} aria-expanded={opened} aria-label={opened ? strings.chat.hideSettings : strings.chat.showSettings}>
                <IconSliders />
              </ActionIcon>
            </Tooltip>
          </Group>
        </div>
        {view.path.length === 0 ? <div className="scroller"><Welcome session={session} /></div> : <MessageList session={session} view={view} />}
        <Composer session={session} view={view} />
      </main>
      {narrow
        ? <Drawer opened={drawer} onClose={() => setDrawer(false)} position="right" size={340} padding={0} title={<Text fw={650} px="md">{strings.settings.title}</Text>} transitionProps={{ duration: 0 }}><SettingsPanel session={session} view={view} /></Drawer>
        : prefs.settingsOpen && <aside className="panel" style={{ width: 320, flex: 'none', borderLeft: '1px solid var(--line)' }} aria-label={strings.settings.title}><SettingsPanel session={session} view={view} /></aside>}
    </div>
  );
}

/** The model chosen last may be gone. */
function useFirstModel(session: ChatSession): void {
  const models = useModels();
  useEffect(() => {
    const usable = models?.filter((model) => !model.problem);
    if (usable && usable.length > 0 && !usable.some(({ key }) => key === session.view.chat.settings.model) && !session.view.stored)
      session.set({ model: (usable.find(({ key }) => key === embeddedModel) ?? usable[0])!.key });
  }, [models, session]);
}

function SaveNote({ state }: { state: ChatSession['view']['saving'] }) {
  const note = { saved: null, saving: null, waiting: strings.chat.saveWaiting, unsupported: strings.chat.notStored, failed: strings.chat.saveFailed }[state];
  return note ? <Text size="xs" c="dimmed" role="status">{note}</Text> : null;
}

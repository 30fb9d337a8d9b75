import { Combobox, Group, Kbd, Modal, Text, TextInput, useCombobox, useMantineColorScheme } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { type ComponentType, useEffect, useState, useSyncExternalStore } from 'react';
import { flushSync } from 'react-dom';
import { useChats, useModels } from '../api/queries';
import { currentSession, openChat } from '../chat/sessions';
import { titleOf } from '../chat/titles';
import { setPrefs, usePrefs } from '../prefs';
import { strings } from '../strings';
import { IconBolt, IconChat, IconModels, IconMoon, IconPlus, IconSliders, IconSun, IconWide } from './icons';
import { pages } from './Shell';

interface Action {
  id: string;
  label: string;
  icon: ComponentType<{ size?: number }>;
  keys?: string;
  run: () => void;
}

let open = false;
let before: Element | null = null;
const readers = new Set<() => void>();

function setOpen(value: boolean): void {
  open = value;
  for (const reader of readers)
    reader();
}

/** Opens at once, with the focus in it: whoever types on does so here. */
export function openPalette(): void {
  before = document.activeElement;
  flushSync(() => setOpen(true));
}

function closePalette(): void {
  setOpen(false);
  if (before instanceof HTMLElement && before.isConnected)
    before.focus({ preventScroll: true });
}

function subscribe(reader: () => void): () => void {
  readers.add(reader);
  return () => readers.delete(reader);
}

/** Everything that can be reached or done, by name. */
export function Palette() {
  const opened = useSyncExternalStore(subscribe, () => open);
  return (
    <Modal opened={opened} onClose={closePalette} returnFocus={false} withCloseButton={false} padding={0} size="lg" yOffset="12vh" transitionProps={{ duration: 0 }}
      title={<span className="visually-hidden">{strings.shell.palette}</span>} styles={{ header: { minHeight: 0, padding: 0 } }}>
      <PaletteBody />
    </Modal>
  );
}

function PaletteBody() {
  const [search, setSearch] = useState('');
  const combobox = useCombobox({ opened: true });
  useEffect(() => void combobox.selectFirstOption(), [search]);
  const actions = useActions().filter(({ label }) => search.toLowerCase().split(/\s+/).every((word) => label.toLowerCase().includes(word))).slice(0, 40);
  return (
    <Combobox store={combobox} onOptionSubmit={(id) => { closePalette(); actions.find((action) => action.id === id)?.run(); }}>
      <Combobox.EventsTarget>
        <TextInput
          data-autofocus autoFocus size="md" variant="unstyled" px="md" py={6} placeholder={strings.shell.palette} aria-label={strings.shell.palette}
          value={search} onChange={(event) => setSearch(event.currentTarget.value)}
          // The list is always open, so that Mantine leaves Escape to it and does not close the dialog.
          onKeyDown={(event) => event.key === 'Escape' && !event.nativeEvent.isComposing && closePalette()}
        />
      </Combobox.EventsTarget>
      <Combobox.Options mah="50vh" style={{ overflowY: 'auto', borderTop: '1px solid var(--line)' }} p={6}>
        {actions.map(({ id, label, icon: Icon, keys }) => (
          <Combobox.Option key={id} value={id}>
            <Group gap="sm" wrap="nowrap"><Icon /><Text size="sm" truncate flex={1}>{label}</Text>{keys && <Kbd size="xs">{keys}</Kbd>}</Group>
          </Combobox.Option>
        ))}
        {actions.length === 0 && <Combobox.Empty>{strings.shell.paletteEmpty}</Combobox.Empty>}
      </Combobox.Options>
    </Combobox>
  );
}

function useActions(): Action[] {
  const navigate = useNavigate();
  const { setColorScheme } = useMantineColorScheme();
  const prefs = usePrefs();
  const models = useModels() ?? [];
  const chats = useChats('').data ?? [];
  return [
    { id: 'new', label: strings.shell.newChat, icon: IconPlus, keys: 'Ctrl ⇧ O', run: () => void navigate({ to: '/' }) },
    ...pages.map(({ to, label, icon }): Action => ({ id: to, label, icon, run: () => void navigate({ to }) })),
    { id: 'light', label: strings.shell.light, icon: IconSun, run: () => setColorScheme('light') },
    { id: 'dark', label: strings.shell.dark, icon: IconMoon, run: () => setColorScheme('dark') },
    { id: 'visualise', label: strings.speculation.visualise, icon: IconBolt, run: () => setPrefs({ visualise: !prefs.visualise }) },
    { id: 'wide', label: strings.settings.wide, icon: IconWide, run: () => setPrefs({ wide: !prefs.wide }) },
    { id: 'settings', label: prefs.settingsOpen ? strings.chat.hideSettings : strings.chat.showSettings, icon: IconSliders, run: () => setPrefs({ settingsOpen: !prefs.settingsOpen }) },
    ...models.filter((model) => !model.problem).map((model): Action => ({
      id: `model:${model.key}`, label: `${strings.chat.model}: ${model.key}`, icon: IconModels, run: () => currentSession()?.set({ model: model.key }),
    })),
    ...chats.map((chat): Action => ({ id: `chat:${chat.id}`, label: titleOf(chat, prefs), icon: IconChat, run: () => openChat(navigate, chat.id) })),
  ];
}

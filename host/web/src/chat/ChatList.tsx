import { ActionIcon, Button, Menu, Modal, ScrollArea, Text, TextInput } from '@mantine/core';
import { useDebouncedValue, useHotkeys } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { getJson, sendJson } from '../api/client';
import { useChats } from '../api/queries';
import type { ChatDetails, ChatSummary } from '../api/types';
import { usePrefs } from '../prefs';
import { IconDots, IconDownload, IconEdit, IconPlus, IconSearch, IconTrash } from '../shell/icons';
import { strings } from '../strings';
import { download, toMarkdown } from './export';
import { chatPath } from './session';
import { forget, known } from './sessions';
import { titleOf } from './titles';

export function ChatList() {
  const [search, setSearch] = useState('');
  const [query] = useDebouncedValue(search.trim(), 200);
  const chats = useChats(query).data ?? [];
  const { id } = useParams({ strict: false });
  const navigate = useNavigate();
  useHotkeys([['mod+shift+O', () => void navigate({ to: '/' })]], []);
  return (
    <>
      <Button component={Link} to="/" variant="default" fullWidth mt="sm" leftSection={<IconPlus />} justify="flex-start">{strings.shell.newChat}</Button>
      <TextInput
        mt="xs" size="xs" placeholder={strings.shell.searchChats} aria-label={strings.shell.searchChats} leftSection={<IconSearch size={14} />}
        value={search} onChange={(event) => setSearch(event.currentTarget.value)}
      />
      <ScrollArea flex={1} mt="xs" type="hover" scrollbarSize={6} offsetScrollbars={false} viewportProps={{ tabIndex: -1 }}>
        <nav aria-label={strings.shell.chats}>
          {chats.map((chat) => <Entry key={chat.id} chat={chat} active={chat.id === id} />)}
        </nav>
        {chats.length === 0 && <Text size="sm" c="dimmed" p="xs">{query ? strings.shell.nothingFound : strings.shell.noChats}</Text>}
      </ScrollArea>
    </>
  );
}

function Entry({ chat, active }: { chat: ChatSummary; active: boolean }) {
  const prefs = usePrefs();
  const title = titleOf(chat, prefs);
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [dialog, setDialog] = useState<'rename' | 'remove' | null>(null);
  const close = () => setDialog(null);

  async function rename(name: string) {
    close();
    const session = known(chat.id);
    if (session)
      session.rename(name || null);
    else
      await sendJson('PUT', chatPath(chat.id), { title: name || null });
    await queries.invalidateQueries({ queryKey: ['chats'] });
  }

  async function remove() {
    close();
    forget(chat.id);
    await sendJson('DELETE', chatPath(chat.id));
    await queries.invalidateQueries({ queryKey: ['chats'] });
    if (active)
      await navigate({ to: '/' });
  }

  async function save(format: 'md' | 'json') {
    const details = await getJson<ChatDetails>(chatPath(chat.id));
    download(`${title}.${format}`, format === 'md' ? toMarkdown(details, title) : JSON.stringify(details, null, 2));
  }

  return (
    <div className="chat-entry" data-active={active || undefined}>
      <Link to="/chats/$id" params={{ id: chat.id }} title={title} aria-current={active ? 'page' : undefined}>{title}</Link>
      <Menu position="bottom-end" transitionProps={{ duration: 0 }}>
        <Menu.Target>
          <ActionIcon className="entry-menu" variant="subtle" color="gray" size="sm" mr={4} aria-label={`${strings.chat.more}: ${title}`}><IconDots size={16} /></ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconEdit size={16} />} onClick={() => setDialog('rename')}>{strings.chat.rename}</Menu.Item>
          <Menu.Item leftSection={<IconDownload size={16} />} onClick={() => void save('md')}>{strings.chat.exportMarkdown}</Menu.Item>
          <Menu.Item leftSection={<IconDownload size={16} />} onClick={() => void save('json')}>{strings.chat.exportJson}</Menu.Item>
          <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={() => setDialog('remove')}>{strings.chat.remove}</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Modal opened={dialog === 'rename'} onClose={close} title={strings.chat.rename} transitionProps={{ duration: 0 }}>
        <form onSubmit={(event) => { event.preventDefault(); void rename((new FormData(event.currentTarget).get('title') as string).trim()); }}>
          <TextInput name="title" data-autofocus defaultValue={title} aria-label={strings.chat.rename} maxLength={200} />
          <Button type="submit" mt="md">{strings.chat.save}</Button>
        </form>
      </Modal>
      <Modal opened={dialog === 'remove'} onClose={close} title={strings.chat.removeSure} transitionProps={{ duration: 0 }}>
        <Text size="sm" mb="md">{title}</Text>
        <Button color="red" data-autofocus onClick={() => void remove()}>{strings.chat.remove}</Button>
        <Button variant="default" ml="sm" onClick={close}>{strings.chat.cancel}</Button>
      </Modal>
    </div>
  );
}

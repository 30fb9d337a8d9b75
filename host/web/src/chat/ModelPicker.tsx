import { Alert, Button, Combobox, Group, Loader, Popover, Progress, ScrollArea, Text, useCombobox } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { useEffect, useState } from 'react';
import { flushSync } from 'react-dom';
import { ApiError } from '../api/client';
import { type Model, useModels } from '../api/queries';
import { useLoadedModels } from '../api/workers';
import { facts } from '../models/facts';
import { setPrefs } from '../prefs';
import { IconDown } from '../shell/icons';
import { strings } from '../strings';
import { focusComposer } from './Composer';
import { loadModel, useLoadProgress } from './loading';
import type { ChatSession, ChatView } from './session';

const text = strings.chat;

export function ModelPicker({ session, view }: { session: ChatSession; view: ChatView }) {
  const model = view.chat.settings.model;
  const models = useModels();
  const loaded = useLoadedModels();
  const progress = useLoadProgress(model);
  const [search, setSearch] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const combobox = useCombobox({
    onDropdownOpen: () => combobox.focusSearchInput(),
    onDropdownClose: () => setSearch(''),
  });
  useEffect(() => void combobox.selectFirstOption(), [search]);
  useHotkeys([['mod+L', openAtOnce], ['mod+shift+L', openAtOnce]], []);

  /** With the focus in its field: whoever types on chooses a model, and does not send a message. */
  function openAtOnce() {
    flushSync(() => combobox.openDropdown());
    combobox.searchRef.current?.focus({ preventScroll: true });
  }

  async function choose(key: string) {
    combobox.closeDropdown();
    focusComposer();
    setProblem(null);
    setPrefs({ model: key });
    session.set({ model: key, draft: undefined });
    try {
      await loadModel(key);
    } catch (error) {
      // A host that loads with the first question only.
      if (!(error instanceof ApiError && error.missing))
        setProblem(error instanceof Error ? error.message : String(error));
    }
  }

  const words = search.toLowerCase().split(/\s+/);
  const shown = (models ?? []).filter((entry) => words.every((word) => entry.key.includes(word)));
  return (
    <Popover opened={problem !== null} onChange={() => setProblem(null)} position="bottom-start" width={420} withinPortal>
      <Combobox store={combobox} onOptionSubmit={(key) => void choose(key)} width={400} position="bottom-start" transitionProps={{ duration: 0 }}>
        <Combobox.Target>
          <Popover.Target>
            <Button variant="default" onClick={() => combobox.toggleDropdown()} rightSection={<IconDown size={14} />} aria-label={`${text.model}: ${model ?? text.chooseModel}`} maw="100%" style={{ minWidth: 0 }}>
              <span style={{ overflow: 'hidden', textOverflow: 'ellipsis' }}>{model ?? text.chooseModel}</span>
              {progress && <Loader size={14} ml={8} />}
              {progress?.percent != null && <Text span size="xs" c="dimmed" ml={6}>{progress.percent} %</Text>}
            </Button>
          </Popover.Target>
        </Combobox.Target>
        <Combobox.Dropdown>
          <Combobox.Search value={search} onChange={(event) => setSearch(event.currentTarget.value)} placeholder={text.searchModels} aria-label={text.searchModels} />
          <Combobox.Options>
            <ScrollArea.Autosize mah="55vh" type="scroll">
              {shown.map((entry) => <Option key={entry.key} entry={entry} selected={entry.key === model} loaded={loaded.has(entry.key)} />)}
              {shown.length === 0 && <Combobox.Empty>{text.noModels}</Combobox.Empty>}
            </ScrollArea.Autosize>
          </Combobox.Options>
        </Combobox.Dropdown>
      </Combobox>
      {progress && <Progress value={progress.percent ?? 100} animated={progress.percent === null} size={2} w={90} aria-label={text.loading} />}
      <Popover.Dropdown p={0}>
        <Alert color="red" title={text.loadFailed} withCloseButton onClose={() => setProblem(null)} styles={{ message: { whiteSpace: 'pre-wrap' } }}>{problem}</Alert>
      </Popover.Dropdown>
    </Popover>
  );
}

function Option({ entry, selected, loaded }: { entry: Model; selected: boolean; loaded: boolean }) {
  return (
    <Combobox.Option value={entry.key} disabled={!!entry.problem} active={selected}>
      <Group justify="space-between" wrap="nowrap" gap="sm">
        <div style={{ minWidth: 0 }}>
          <Text size="sm" fw={selected ? 650 : 450} truncate>{entry.key}</Text>
          <Text size="xs" c={entry.problem ? 'red' : 'dimmed'} truncate>{entry.problem ?? facts(entry).join(' · ')}</Text>
        </div>
        {loaded && <Text size="xs" c="dimmed" style={{ flex: 'none' }}>{text.loaded}</Text>}
      </Group>
    </Combobox.Option>
  );
}

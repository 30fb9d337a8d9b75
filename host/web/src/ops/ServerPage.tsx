import { ActionIcon, CopyButton, NumberInput, Select, Stack, Switch, Table, Tabs, Text, TextInput, Tooltip } from '@mantine/core';
import { useState } from 'react';
import { useModels } from '../api/queries';
import { type Setting, useSetSettings, useSettings, type Value } from '../api/settings';
import { useLoadedModels } from '../api/workers';
import { usePrefs } from '../prefs';
import { IconCheck, IconCopy } from '../shell/icons';
import { Page, Section } from '../shell/Page';
import { Problem } from '../shell/Problem';
import { strings } from '../strings';
import { RequestLog } from './RequestLog';
import { snippets } from './snippets';

const text = strings.server;

export function ServerPage() {
  return (
    <Page title={text.title} lead={<>{text.lead} <code className="key">{location.origin}</code></>}>
      <Snippets />
      <Section title={text.settings} lead={text.settingsLead}><Settings /></Section>
      <Section title={text.requests} lead={text.requestsLead}><RequestLog /></Section>
    </Page>
  );
}

/** Ready to be pasted: for the model that is loaded, or was chosen last. */
function Snippets() {
  const loaded = [...useLoadedModels()];
  const models = useModels() ?? [];
  const { model } = usePrefs();
  const [chosen, choose] = useState<string | null>(null);
  const key = chosen ?? loaded[0] ?? model ?? models[0]?.key ?? 'tandem/storyteller';
  const draft = models.find((entry) => entry.key === key)?.draft_model ?? 'auto';
  return (
    <div className="card">
      <Select label={strings.chat.model} value={key} onChange={(value) => choose(value)} data={models.map((entry) => entry.key)} searchable allowDeselect={false} maw={420} mb="sm" comboboxProps={{ transitionProps: { duration: 0 } }} />
      <Tabs defaultValue="curl" keepMounted={false}>
        <Tabs.List aria-label={text.snippets}>{snippets.map(({ name }) => <Tabs.Tab key={name} value={name}>{name}</Tabs.Tab>)}</Tabs.List>
        {snippets.map(({ name, code }) => (
          <Tabs.Panel key={name} value={name} pt="xs" style={{ position: 'relative' }}>
            <CopyButton value={code(location.origin, key, draft)}>
              {({ copied, copy }) => (
                <Tooltip label={copied ? strings.chat.copied : strings.chat.copyCode}>
                  <ActionIcon variant="default" style={{ position: 'absolute', right: 8, top: 18 }} onClick={copy} aria-label={strings.chat.copyCode}>{copied ? <IconCheck /> : <IconCopy />}</ActionIcon>
                </Tooltip>
              )}
            </CopyButton>
            <pre className="log" tabIndex={0} aria-label={name}>{code(location.origin, key, draft)}</pre>
          </Tabs.Panel>
        ))}
      </Tabs>
    </div>
  );
}

function Settings() {
  const { data, error } = useSettings();
  const set = useSetSettings();
  return (
    <Stack gap="sm">
      <Problem error={error ?? set.error} />
      {data && (
        <div className="card" style={{ padding: 0 }}>
          <Table verticalSpacing="xs" horizontalSpacing="md" aria-label={text.settings}>
            <Table.Tbody>
              {data.settings.map((setting) => (
                <Table.Tr key={setting.key}>
                  <Table.Td><Text size="sm" className="key" fw={550}>{setting.key}</Text><Text size="xs" c="dimmed">{setting.description}</Text></Table.Td>
                  <Table.Td w={210}><Editor key={String(setting.value)} setting={setting} set={(value) => set.mutate({ [setting.key]: value })} /></Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </div>
      )}
    </Stack>
  );
}

function Editor({ setting, set }: { setting: Setting; set: (value: Value | null) => void }) {
  const { key, value, type, choices, minimum, maximum } = setting;
  if (type === 'boolean')
    return <Switch aria-label={key} checked={value as boolean} onChange={(event) => set(event.currentTarget.checked)} />;
  if (choices)
    return <Select size="xs" aria-label={key} data={choices} value={value as string} onChange={set} allowDeselect={false} comboboxProps={{ transitionProps: { duration: 0 } }} />;
  if (type === 'string')
    return <TextInput size="xs" aria-label={key} defaultValue={value as string} onBlur={(event) => event.currentTarget.value !== value && set(event.currentTarget.value)} />;
  return (
    <NumberInput size="xs" aria-label={key} defaultValue={value as number} min={minimum ?? undefined} max={maximum ?? undefined} allowDecimal={type === 'number'}
      onBlur={(event) => { const typed = event.currentTarget.value; if (typed !== String(value)) set(typed === '' ? null : Number(typed)); }} />
  );
}

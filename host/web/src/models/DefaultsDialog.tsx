import { Button, Group, Modal, Select, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { type Defaults, useDefaults, useSetDefaults } from '../api/defaults';
import { type Model, usePairs } from '../api/queries';
import { NumberField } from '../shell/NumberField';
import { Problem } from '../shell/Problem';
import { strings } from '../strings';

const text = strings.models;

/** What holds for a model wherever it is used: chat, command line, API. */
export function DefaultsDialog({ model, close }: { model: Model; close: () => void }) {
  const stored = useDefaults(model.key);
  return (
    <Modal opened onClose={close} title={<Text fw={650}>{text.defaultsOf(model.key)}</Text>} transitionProps={{ duration: 0 }} size="md">
      <Problem error={stored.error} />
      {stored.data && <Form model={model} stored={stored.data} close={close} />}
      {stored.data === null && <Text size="sm" c="dimmed">{strings.shell.partMissing}</Text>}
    </Modal>
  );
}

interface Field {
  group: 'load' | 'sampling' | 'speculation';
  name: string;
  label: string;
  min?: number;
  max?: number;
  step?: number;
}

const fields: Field[] = [
  { group: 'sampling', name: 'temperature', label: strings.settings.temperature, min: 0, max: 2, step: 0.05 },
  { group: 'sampling', name: 'top_p', label: strings.settings.topP, min: 0, max: 1, step: 0.05 },
  { group: 'sampling', name: 'top_k', label: strings.settings.topK, min: 0 },
  { group: 'sampling', name: 'min_p', label: strings.settings.minP, min: 0, max: 1, step: 0.01 },
  { group: 'sampling', name: 'repetition_penalty', label: strings.settings.repeat, min: 0.01, max: 10, step: 0.05 },
  { group: 'speculation', name: 'length', label: strings.speculation.length, min: 1, max: 32 },
  { group: 'load', name: 'context_length', label: text.contextLength, min: 16 },
];

function Form({ model, stored, close }: { model: Model; stored: Defaults; close: () => void }) {
  const [changes, setChanges] = useState<Defaults>({});
  const drafts = usePairs(model.key).data?.drafts.filter(({ verdict }) => verdict !== 'refused') ?? [];
  const save = useSetDefaults(model.key);
  const draft = changes.draft_model ?? stored.draft_model ?? 'off';
  const listed = new Set([...drafts.map(({ key }) => key), draft]);
  listed.delete('auto');
  listed.delete('off');
  const valueOf = ({ group, name }: Field) => {
    const changed = changes[group];
    const value = changed && name in changed ? changed[name] : stored[group]?.[name];
    return typeof value === 'number' ? value : undefined;
  };
  return (
    <form onSubmit={(event) => { event.preventDefault(); save.mutate(changes, { onSuccess: close }); }}>
      <Stack gap="sm">
        <Select label={text.defaultDraft} description={text.defaultDraftHelp} allowDeselect={false} searchable value={draft} comboboxProps={{ transitionProps: { duration: 0 } }}
          data={[{ value: 'off', label: text.none }, { value: 'auto', label: strings.speculation.auto }, ...[...listed].map((key) => ({ value: key, label: key }))]}
          onChange={(value) => setChanges({ ...changes, draft_model: value })} />
        <div style={{ display: 'grid', gridTemplateColumns: '1fr 1fr', gap: 12 }}>
          {fields.map((field) => (
            <NumberField key={field.name} {...field} placeholder={text.notSet} value={valueOf(field)}
              onChange={(value) => setChanges({ ...changes, [field.group]: { ...changes[field.group], [field.name]: value ?? null } })} />
          ))}
        </div>
        <Problem error={save.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>{strings.chat.cancel}</Button>
          <Button type="submit" loading={save.isPending}>{strings.chat.save}</Button>
        </Group>
      </Stack>
    </form>
  );
}

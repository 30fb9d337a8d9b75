import { Alert, Anchor, Collapse, Combobox, Group, InputBase, Loader, SegmentedControl, Select, Slider, Stack, Switch, Text, UnstyledButton, useCombobox } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { type Draft, type Model, type Pairs, usePairs } from '../api/queries';
import type { ChatSettings } from '../api/types';
import { setPrefs, usePrefs } from '../prefs';
import { IconBolt, IconDown, IconRight } from '../shell/icons';
import { NumberField } from '../shell/NumberField';
import { strings } from '../strings';
import { DraftBadges } from './DraftBadges';
import { Legend } from './Legend';
import type { ChatSession } from './session';
import { Field } from './SettingsPanel';

const text = strings.speculation;

interface Props {
  session: ChatSession;
  settings: ChatSettings;
  model: Model | undefined;
}

/** Always there; what it says depends on what is known of the pairs of the chosen model. */
export function SpeculationSection({ session, settings, model }: Props) {
  const pairs = usePairs(settings.model);
  const prefs = usePrefs();
  return (
    <section aria-label={text.title} data-testid="speculation">
      <h2><IconBolt />{text.title}</h2>
      <Stack gap="sm">
        {settings.model
          ? <><DraftState main={settings.model} settings={settings} pairs={pairs.data} /><DraftPicker session={session} settings={settings} model={model} pairs={pairs.data} /></>
          : <Text size="sm" c="dimmed">{text.noModel}</Text>}
        {settings.draft !== 'off' && <Tuning settings={settings} set={(change) => session.set(change)} />}
        <Switch size="sm" label={text.visualise} checked={prefs.visualise} onChange={(event) => setPrefs({ visualise: event.currentTarget.checked })} />
        {prefs.visualise && <Legend />}
      </Stack>
    </section>
  );
}

/** What stands in the way, if anything does. */
function DraftState({ main, settings, pairs }: { main: string; settings: ChatSettings; pairs: Pairs | undefined }) {
  if (!pairs)
    return null;
  if (pairs.state === 'identifying')
    return <Group gap="xs" role="status"><Loader size="xs" /><Text size="sm" c="dimmed">{text.identifying(main)}</Text></Group>;
  if (pairs.state === 'unknown')
    return null;
  const chosen = pairs.drafts.find(({ key }) => key === settings.draft);
  if (chosen?.verdict === 'refused' || (settings.draft && !['off', 'auto'].includes(settings.draft) && !chosen)) {
    return (
      <Alert color="orange" p="xs" title={text.noLonger(settings.draft!, main)}>
        {chosen?.reasons.map(({ check, message }) => <Text key={check} size="xs">{message}</Text>)}
        {chosen?.reasons.some(({ check }) => check === 'engine') && <Text size="xs" mt={4}>{text.otherEngine}</Text>}
      </Alert>
    );
  }
  // The same for every draft: the runtime of this model is too old for drafts, or does not work.
  const runtime = pairs.drafts.flatMap(({ reasons }) => reasons).find(({ check }) => check === 'runtime');
  if (runtime)
    return <Alert color="orange" p="xs"><Text size="xs">{runtime.message} <Anchor component={Link} to="/runtimes" size="xs" underline="always">{text.toRuntimes}</Anchor></Text></Alert>;
  if (!pairs.drafts.some(({ verdict }) => verdict !== 'refused'))
    return <div><Text size="sm">{text.none(main)}</Text><Text size="xs" c="dimmed" mt={4}>{text.wouldFit(main)}</Text></div>;
  return null;
}

function DraftPicker({ session, settings, model, pairs }: Props & { pairs: Pairs | undefined }) {
  const combobox = useCombobox();
  const fitting = (pairs?.drafts ?? []).filter(({ verdict }) => verdict !== 'refused');
  const refused = (pairs?.drafts ?? []).filter(({ verdict }) => verdict === 'refused');
  const fallback = model?.draft_model ? text.useDefault(model.draft_model) : text.noDefault;
  const label = settings.draft === undefined ? fallback : settings.draft === 'off' ? text.off : settings.draft === 'auto' ? text.auto : settings.draft;
  return (
    <>
      <Combobox store={combobox} transitionProps={{ duration: 0 }} onOptionSubmit={(value) => { session.set({ draft: value === 'default' ? undefined : value }); combobox.closeDropdown(); }}>
        <Combobox.Target>
          <InputBase component="button" type="button" pointer label={text.draft} rightSection={<IconDown size={14} />} rightSectionPointerEvents="none" onClick={() => combobox.toggleDropdown()}
            styles={{ input: { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' } }}>
            {label}
          </InputBase>
        </Combobox.Target>
        <Combobox.Dropdown>
          <Combobox.Options mah={320} style={{ overflowY: 'auto' }}>
            <Combobox.Option value="default" active={settings.draft === undefined}>{fallback}</Combobox.Option>
            <Combobox.Option value="off" active={settings.draft === 'off'}>{text.off}</Combobox.Option>
            <Combobox.Option value="auto" active={settings.draft === 'auto'}>{text.auto}</Combobox.Option>
            {fitting.map((draft) => <DraftOption key={draft.key} draft={draft} active={settings.draft === draft.key} />)}
          </Combobox.Options>
        </Combobox.Dropdown>
      </Combobox>
      {refused.length > 0 && <Refused drafts={refused} />}
    </>
  );
}

function DraftOption({ draft, active }: { draft: Draft; active: boolean }) {
  return (
    <Combobox.Option value={draft.key} active={active}>
      <Text size="sm" fw={active ? 650 : 450} style={{ overflowWrap: 'anywhere' }}>{draft.key}</Text>
      <DraftBadges draft={draft} />
      {draft.advice && <Text size="xs" c="dimmed">{draft.advice}</Text>}
    </Combobox.Option>
  );
}

function Refused({ drafts }: { drafts: Draft[] }) {
  const [opened, setOpened] = useState(false);
  return (
    <div>
      <UnstyledButton onClick={() => setOpened(!opened)} aria-expanded={opened}>
        <Group gap={4}><Text size="xs" c="dimmed">{text.refused(drafts.length)}</Text>{opened ? <IconDown size={12} /> : <IconRight size={12} />}</Group>
      </UnstyledButton>
      <Collapse expanded={opened} transitionDuration={0}>
        <Stack gap={6} mt={4}>
          {drafts.map(({ key, reasons }) => (
            <div key={key}><Text size="xs" className="key">{key}</Text>{reasons.map(({ check, message }) => <Text key={check} size="xs" c="dimmed">{message}</Text>)}</div>
          ))}
        </Stack>
      </Collapse>
    </div>
  );
}

function Tuning({ settings, set }: { settings: ChatSettings; set: (change: Partial<ChatSettings>) => void }) {
  const mode = settings.length === undefined ? 'default' : settings.length === 'auto' ? 'auto' : 'fixed';
  return (
    <Stack gap="sm">
      <Select size="xs" label={text.proposer} allowDeselect={false} value={settings.proposer ?? 'default'} comboboxProps={{ transitionProps: { duration: 0 } }}
        data={[{ value: 'default', label: text.proposerDefault }, ...Object.entries(text.proposers).map(([value, label]) => ({ value, label }))]}
        onChange={(value) => set({ proposer: value === 'default' ? undefined : (value as ChatSettings['proposer']) })} />
      <Field label={text.length} help={text.lengthHelp} value={typeof settings.length === 'number' ? String(settings.length) : undefined}>
        <SegmentedControl size="xs" fullWidth value={mode} aria-label={text.length} transitionDuration={0}
          data={[{ value: 'default', label: text.lengthDefault }, { value: 'auto', label: text.lengthAuto }, { value: 'fixed', label: text.lengthFixed }]}
          onChange={(value) => set({ length: value === 'default' ? undefined : value === 'auto' ? 'auto' : 4 })} />
        {typeof settings.length === 'number' && <Slider mt={8} size="sm" min={1} max={32} value={settings.length} onChange={(value) => set({ length: value })} label={null} thumbLabel={text.length} />}
      </Field>
      <div style={{ display: 'grid', gridTemplateColumns: '1fr 1fr', gap: 10, alignItems: 'end' }}>
        <NumberField label={text.minLength} help={text.minLengthHelp} min={0} max={32} placeholder="0" value={settings.min_length} onChange={(value) => set({ min_length: value })} />
        <NumberField label={text.cutoff} help={text.cutoffHelp} min={0} max={1} step={0.05} placeholder={text.lengthDefault} value={settings.min_probability} onChange={(value) => set({ min_probability: value })} />
      </div>
    </Stack>
  );
}

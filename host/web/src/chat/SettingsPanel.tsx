import { Slider, Stack, Switch, Text, Textarea } from '@mantine/core';
import type { ReactNode } from 'react';
import { useDefaults } from '../api/defaults';
import { useModels } from '../api/queries';
import type { ChatSettings } from '../api/types';
import { setPrefs, usePrefs } from '../prefs';
import { NumberField } from '../shell/NumberField';
import { strings } from '../strings';
import type { ChatSession, ChatView } from './session';
import { SpeculationSection } from './SpeculationSection';

const text = strings.settings;

export function SettingsPanel({ session, view }: { session: ChatSession; view: ChatView }) {
  const { settings } = view.chat;
  const model = useModels()?.find(({ key }) => key === settings.model);
  return (
    <div>
      <SpeculationSection session={session} settings={settings} model={model} />
      <section>
        <Textarea label={text.system} placeholder={text.systemHint} autosize minRows={2} maxRows={12} value={settings.system ?? ''}
          onChange={(event) => session.set({ system: event.currentTarget.value || undefined })} />
      </section>
      <section>
        <h2>{text.sampling}</h2>
        <Sampling settings={settings} set={(change) => session.set(change)} />
      </section>
      <section>
        <h2>{text.appearance}</h2>
        <Appearance />
      </section>
    </div>
  );
}

function Sampling({ settings, set }: { settings: ChatSettings; set: (change: Partial<ChatSettings>) => void }) {
  const defaults = useDefaults(settings.model).data;
  const temperature = settings.temperature ?? (defaults?.sampling?.temperature as number | undefined);
  return (
    <Stack gap="sm">
      <Field label={text.temperature} value={settings.temperature === undefined ? (temperature === undefined ? text.fromModel : `${temperature} (${text.fromModel})`) : String(settings.temperature)}>
        <Slider min={0} max={2} step={0.05} value={temperature ?? 0.8} onChange={(value) => set({ temperature: value })} label={null} thumbLabel={text.temperature} size="sm" />
      </Field>
      <Two>
        <NumberField label={text.topP} min={0} max={1} step={0.05} placeholder={text.fromModel} value={settings.top_p} onChange={(value) => set({ top_p: value })} />
        <NumberField label={text.minP} min={0} max={1} step={0.01} placeholder={text.fromModel} value={settings.min_p} onChange={(value) => set({ min_p: value })} />
        <NumberField label={text.topK} min={0} placeholder={text.fromModel} value={settings.top_k} onChange={(value) => set({ top_k: value })} />
        <NumberField label={text.repeat} min={0.01} max={10} step={0.05} placeholder={text.fromModel} value={settings.repeat_penalty} onChange={(value) => set({ repeat_penalty: value })} />
        <NumberField label={text.maxTokens} min={1} placeholder="∞" value={settings.max_tokens} onChange={(value) => set({ max_tokens: value })} />
        <NumberField label={text.seed} placeholder={text.random} value={settings.seed} onChange={(value) => set({ seed: value })} />
      </Two>
    </Stack>
  );
}

function Appearance() {
  const prefs = usePrefs();
  const flag = (name: 'wide' | 'automaticNames' | 'expandReasoning', label: string) => (
    <Switch size="sm" label={label} checked={prefs[name]} onChange={(event) => setPrefs({ [name]: event.currentTarget.checked })} />
  );
  return (
    <Stack gap="xs">
      {flag('wide', text.wide)}
      {flag('automaticNames', text.automaticNames)}
      {flag('expandReasoning', text.expandReasoning)}
    </Stack>
  );
}

function Two({ children }: { children: ReactNode }) {
  return <div style={{ display: 'grid', gridTemplateColumns: '1fr 1fr', gap: 10, alignItems: 'end' }}>{children}</div>;
}

export function Field({ label, value, help, children }: { label: string; value?: string; help?: string; children: ReactNode }) {
  return (
    <div>
      <div style={{ display: 'flex', justifyContent: 'space-between', marginBottom: 4 }}>
        <Text size="xs" fw={500} title={help}>{label}</Text>
        {value !== undefined && <Text size="xs" c="dimmed">{value}</Text>}
      </div>
      {children}
    </div>
  );
}

import { Group, Select, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useModels, usePairs } from '../api/queries';
import { useRuntimes } from '../api/runtimes';
import { useWorkerAction, useWorkers } from '../api/workers';
import { CommandButton } from '../shell/CommandButton';
import { Page, Section } from '../shell/Page';
import { Problem } from '../shell/Problem';
import { strings } from '../strings';
import { Jobs } from './Jobs';
import { WorkerCard } from './WorkerCard';

const text = strings.workers;

export function WorkersPage() {
  const { data, error } = useWorkers();
  return (
    <Page title={text.title} lead={text.lead}>
      <Problem error={error} />
      <Jobs kinds="worker" />
      <Stack gap="sm">{data?.map((worker) => <WorkerCard key={worker.instance} worker={worker} />)}</Stack>
      {data?.length === 0 && <Text size="sm" c="dimmed">{text.none}</Text>}
      {data === null ? <Text size="sm" c="dimmed">{strings.shell.partMissing}</Text> : <Section title={text.startTitle}><Start /></Section>}
    </Page>
  );
}

const still = { transitionProps: { duration: 0 } };

function Start() {
  const models = useModels()?.filter((model) => !model.problem) ?? [];
  const [model, setModel] = useState<string | null>(null);
  const [draft, setDraft] = useState<string | null>(null);
  const [runtime, setRuntime] = useState<string | null>(null);
  const drafts = usePairs(model).data?.drafts.filter(({ verdict }) => verdict !== 'refused') ?? [];
  const engine = models.find(({ key }) => key === model)?.engine;
  const runtimes = useRuntimes().data?.runtimes.filter((one) => one.state === 'usable' && (!engine || one.engine === engine)) ?? [];
  const act = useWorkerAction();
  const begin = () => act.mutate({ start: { model: model!, ...(draft ? { draft } : {}), ...(runtime ? { runtime } : {}) } });
  return (
    <form onSubmit={(event) => { event.preventDefault(); begin(); }}>
      <Group align="flex-end" gap="sm">
        <Select label={text.model} searchable value={model} onChange={(value) => { setModel(value); setDraft(null); setRuntime(null); }} data={models.map(({ key }) => key)} w={270} comboboxProps={still} />
        <Select label={text.draft} placeholder={text.byDefault} clearable value={draft} onChange={setDraft} data={['off', ...drafts.map(({ key }) => key)]} w={270} comboboxProps={still} />
        <Select label={text.runtime} placeholder={text.selectedRuntime} clearable value={runtime} onChange={setRuntime} data={runtimes.map(({ id }) => id)} w={270} comboboxProps={still} />
        <CommandButton command="load" type="submit" disabled={!model} loading={act.isPending}>{text.load}</CommandButton>
      </Group>
      <Problem error={act.error} />
    </form>
  );
}

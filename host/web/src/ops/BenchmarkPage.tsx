import { Group, MultiSelect, Select, Stack, Text, Textarea } from '@mantine/core';
import { useState } from 'react';
import { useBench, useReports } from '../api/bench';
import { useModels, usePairs } from '../api/queries';
import { usePrefs } from '../prefs';
import { CommandButton } from '../shell/CommandButton';
import { NumberField } from '../shell/NumberField';
import { Page, Section } from '../shell/Page';
import { Problem } from '../shell/Problem';
import { strings } from '../strings';
import { BenchReport } from './BenchReport';
import { Jobs } from './Jobs';

const text = strings.benchmark;
const still = { transitionProps: { duration: 0 } };

export function BenchmarkPage() {
  const models = useModels()?.filter((model) => !model.problem) ?? [];
  const prefs = usePrefs();
  const [chosen, setChosen] = useState<string | null>(null);
  const model = chosen ?? models.find(({ key }) => key === prefs.model)?.key ?? models[0]?.key ?? null;
  return (
    <Page title={text.title} lead={text.lead}>
      <Form model={model} models={models.map(({ key }) => key)} choose={setChosen} />
      <Jobs kinds="bench" />
      <History model={model} />
    </Page>
  );
}

function Form({ model, models, choose }: { model: string | null; models: string[]; choose: (model: string | null) => void }) {
  const [drafts, setDrafts] = useState<string[]>([]);
  const [prompts, setPrompts] = useState('');
  const [rounds, setRounds] = useState<number | undefined>(3);
  const [tokens, setTokens] = useState<number | undefined>(200);
  const [temperature, setTemperature] = useState<number | undefined>();
  const fitting = usePairs(model).data?.drafts.filter(({ verdict }) => verdict !== 'refused') ?? [];
  const bench = useBench();
  const own = prompts.split('\n').map((line) => line.trim()).filter(Boolean);
  const run = () => bench.mutate({ model: model!, drafts, prompts: own, rounds, max_tokens: tokens, temperature });
  return (
    <form className="card" onSubmit={(event) => { event.preventDefault(); run(); }}>
      <Stack gap="sm">
        <Group gap="sm" align="flex-start">
          <Select label={text.model} searchable allowDeselect={false} value={model} onChange={(value) => { setDrafts([]); choose(value); }} data={models} flex="1 1 260px" comboboxProps={still} />
          <MultiSelect label={text.drafts} placeholder={drafts.length === 0 ? text.draftsHint : undefined} value={drafts} onChange={setDrafts} data={fitting.map(({ key }) => key)} flex="2 1 320px" comboboxProps={still} />
        </Group>
        <Textarea label={text.prompts} description={text.promptsHelp} placeholder={text.promptsHint} autosize minRows={2} maxRows={10} value={prompts} onChange={(event) => setPrompts(event.currentTarget.value)} />
        <Group gap="sm" align="flex-end">
          <NumberField label={text.rounds} min={1} max={20} value={rounds} onChange={setRounds} />
          <NumberField label={text.tokens} min={1} max={4096} value={tokens} onChange={setTokens} />
          <NumberField label={strings.settings.temperature} min={0} max={2} step={0.1} placeholder={strings.workers.byDefault} value={temperature} onChange={setTemperature} />
          <CommandButton command="bench" type="submit" disabled={!model} loading={bench.isPending} ml="auto">{text.run}</CommandButton>
        </Group>
        <Problem error={bench.error} />
      </Stack>
    </form>
  );
}

function History({ model }: { model: string | null }) {
  const { data, error } = useReports(model);
  const [at, setAt] = useState<string | null>(null);
  const shown = data?.find(({ measured_at }) => measured_at === at) ?? data?.[0];
  return (
    <Section title={text.results}>
      <Problem error={error} />
      {data?.length === 0 && <Text size="sm" c="dimmed">{text.none}</Text>}
      {data && data.length > 1 && (
        <Select label={text.history} mb="md" maw={420} allowDeselect={false} value={shown!.measured_at} onChange={setAt} comboboxProps={still}
          data={data.map(({ measured_at, rows }) => ({ value: measured_at, label: `${new Date(measured_at).toLocaleString()} · ${text.ways(rows.length - 1)}` }))} />
      )}
      {shown && <BenchReport report={shown} />}
    </Section>
  );
}

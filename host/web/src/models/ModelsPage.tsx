import { ActionIcon, Alert, Badge, Button, Group, Skeleton, Stack, Table, Text, Tooltip } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { sendJson } from '../api/client';
import { type Model, useCatalogue } from '../api/queries';
import { IconGear, IconRefresh } from '../shell/icons';
import { Page, Section } from '../shell/Page';
import { Problem } from '../shell/Problem';
import { strings } from '../strings';
import { DefaultsDialog } from './DefaultsDialog';
import { bytes, short } from './facts';
import { PairMatrix } from './PairMatrix';

const text = strings.models;

export function ModelsPage() {
  const { data, error } = useCatalogue();
  const [edited, setEdited] = useState<Model | null>(null);
  const refresh = useRefresh();
  const models = data?.models ?? [];
  const usable = models.filter((model) => !model.problem && !model.shadowed);
  const broken = models.filter((model) => model.problem || model.shadowed);
  const chats = usable.filter(({ description }) => description && description.kind !== 'embedding');
  return (
    <Page title={text.title} lead={text.lead} actions={<Button variant="default" leftSection={<IconRefresh />} loading={refresh.isPending} onClick={() => refresh.mutate()}>{text.refresh}</Button>}>
      <Problem error={error ?? refresh.error} />
      {data === undefined && !error && <Stack>{[1, 2, 3].map((i) => <Skeleton key={i} height={46} />)}</Stack>}
      {usable.length > 0 && <ModelTable models={usable} edit={setEdited} />}
      {data?.state === 'scanning' && <Text size="sm" c="dimmed" mt="sm" role="status">{text.scanning}</Text>}
      {broken.length > 0 && <Section title={text.broken} lead={text.brokenLead}><Broken models={broken} /></Section>}
      {chats.length > 1 && <Section title={text.pairs} lead={text.pairsLead}><PairMatrix models={chats} /></Section>}
      <Section title={text.add}><AddHelp folders={data?.folders ?? []} /></Section>
      {edited && <DefaultsDialog model={edited} close={() => setEdited(null)} />}
    </Page>
  );
}

function useRefresh() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => sendJson('POST', '/api/tandem/pairs/refresh'),
    onSuccess: () => Promise.all(['models', 'pairs'].map((key) => queries.invalidateQueries({ queryKey: [key] }))),
  });
}

function ModelTable({ models, edit }: { models: Model[]; edit: (model: Model) => void }) {
  return (
    <div className="card" style={{ padding: 0, overflowX: 'auto' }}>
      <Table verticalSpacing={8} horizontalSpacing={9} fz={13.5} miw={960} aria-label={text.title}>
        <Table.Thead>
          <Table.Tr>{text.columns.map((column) => <Table.Th key={column}>{column}</Table.Th>)}<Table.Th><span className="visually-hidden">{text.defaults}</span></Table.Th></Table.Tr>
        </Table.Thead>
        <Table.Tbody>{models.map((model) => <Row key={model.key} model={model} edit={edit} />)}</Table.Tbody>
      </Table>
    </div>
  );
}

function Row({ model, edit }: { model: Model; edit: (model: Model) => void }) {
  const { description, instances = [] } = model;
  return (
    <Table.Tr>
      <Table.Td miw={190}>
        <Text size="sm" fw={600} className="key" title={model.path}>{model.key}</Text>
        <Group gap={4} mt={3}>
          {instances.some(({ state }) => state === 'ready' || state === 'busy') && <Badge size="xs" variant="light">{strings.chat.loaded}</Badge>}
          {model.embedded && <Badge size="xs" variant="light" color="gray">{text.embedded}</Badge>}
          {description?.kind === 'embedding' && <Badge size="xs" variant="light" color="blue">{text.embedding}</Badge>}
          {(description?.vision || model.projector) && <Badge size="xs" variant="light" color="blue">{text.vision}</Badge>}
          {!!model.recommended_for && <Badge size="xs" variant="filled">{text.recommendedFor(model.recommended_for)}</Badge>}
        </Group>
      </Table.Td>
      <Table.Td>{description?.architecture}</Table.Td>
      <Table.Td>{description?.parameters ? short(description.parameters) : ''}</Table.Td>
      <Table.Td>{description?.quantization}</Table.Td>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>{description && bytes(description.size_bytes)}</Table.Td>
      <Table.Td>{description?.context_length}</Table.Td>
      <Table.Td>{model.engine}<Text size="xs" c="dimmed">{model.format}</Text></Table.Td>
      <Table.Td>{description?.tokenizer && <Tooltip label={`${description.tokenizer.size} tokens · ${description.tokenizer.fingerprint.slice(0, 12)}`}><span>{[description.tokenizer.kind, description.tokenizer.pre_tokenizer].filter(Boolean).join(' / ')}</span></Tooltip>}</Table.Td>
      <Table.Td className="key" miw={120}>{model.draft_model}</Table.Td>
      <Table.Td>
        <Tooltip label={text.defaults}>
          <ActionIcon variant="subtle" color="gray" onClick={() => edit(model)} aria-label={`${text.defaults}: ${model.key}`}><IconGear /></ActionIcon>
        </Tooltip>
      </Table.Td>
    </Table.Tr>
  );
}

function Broken({ models }: { models: Model[] }) {
  return (
    <Stack gap="xs">
      {models.map((model) => (
        <Alert key={model.path ?? model.key} color={model.problem ? 'red' : 'gray'} p="sm">
          <Text size="sm" fw={600} className="key">{model.key}</Text>
          <Text size="sm">{model.problem ?? text.shadowed}{model.problem_field && ` (${model.problem_field})`}</Text>
          <Text size="xs" c="dimmed" className="key">{model.path}</Text>
        </Alert>
      ))}
    </Stack>
  );
}

function AddHelp({ folders }: { folders: string[] }) {
  return (
    <Stack gap={6}>
      {text.addHelp.map((line) => <Text key={line} size="sm">{line}</Text>)}
      {folders.length > 0 && <ul style={{ margin: 0, paddingLeft: 22 }}>{folders.map((folder) => <li key={folder}><code className="key">{folder}</code></li>)}</ul>}
    </Stack>
  );
}

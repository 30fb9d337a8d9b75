import { Badge, Collapse, Group, Loader, Stack, Text, Tooltip, UnstyledButton } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { type Probe, type Runtime, type RuntimeAction, useRuntimeAction } from '../api/runtimes';
import { bytes } from '../models/facts';
import { CommandButton } from '../shell/CommandButton';
import { IconDown, IconRight } from '../shell/icons';
import { Problem } from '../shell/Problem';
import { strings } from '../strings';

const text = strings.runtimes;
const colours = { checking: 'blue', usable: 'teal', unusable: 'red' } as const;

export function RuntimeCard({ runtime }: { runtime: Runtime }) {
  const act = useRuntimeAction();
  const checking = runtime.state === 'checking' || (act.isPending && act.variables.action === 'survey');
  const state = checking ? 'checking' : runtime.state;
  return (
    <article className="card" aria-label={runtime.id} data-state={state}>
      <Group justify="space-between" align="flex-start" gap="sm">
        <div style={{ minWidth: 0, flex: '1 1 300px' }}>
          <Group gap={6}>
            <Text fw={650} className="key">{runtime.id}</Text>
            <Badge variant="light" color={colours[state]} leftSection={checking ? <Loader size={9} /> : undefined}>{text.states[state]}</Badge>
            {runtime.selected && <Badge variant="filled">{text.selected}</Badge>}
            {runtime.bundled && <Badge variant="light" color="gray">{text.bundled}</Badge>}
            {runtime.selection?.on_trial && <Badge variant="light" color="orange">{text.onTrial}</Badge>}
            {runtime.selection?.pinned && <Badge variant="light" color="gray">{text.pinned}</Badge>}
          </Group>
          <Text size="sm" c="dimmed" mt={2}>{[runtime.engine, runtime.engine_version, runtime.variant, runtime.formats?.join(', ')].filter(Boolean).join(' · ')}</Text>
        </div>
        <Actions runtime={runtime} busy={act.isPending} act={(action) => act.mutate({ id: runtime.id, action })} />
      </Group>
      <Stack gap={4} mt="xs">
        {runtime.reason && <Text size="sm" c="red">{runtime.reason}</Text>}
        {runtime.next_step && <Text size="sm">{runtime.next_step}</Text>}
        {runtime.selection?.notice && <Text size="sm">{runtime.selection.notice}</Text>}
        {runtime.warnings?.map((warning) => <Text key={warning} size="sm">{warning}</Text>)}
        {runtime.missing_features?.map(({ capability, message, next_step }) => <Text key={capability} size="sm">{message} {next_step}</Text>)}
        {!!runtime.workers?.length && <Text size="sm">{text.workers} {runtime.workers.map(({ id, model }) => <Link key={id} to="/workers" className="key">{model} </Link>)}</Text>}
        <Problem error={act.error} />
      </Stack>
      <Details runtime={runtime} />
    </article>
  );
}

function Actions({ runtime, busy, act }: { runtime: Runtime; busy: boolean; act: (action: RuntimeAction) => void }) {
  const button = (action: RuntimeAction, shown: boolean) => shown && (
    <Tooltip key={action} label={text.actionHelp[action]}>
      <CommandButton command={`runtime ${action}`} size="xs" variant="default" disabled={busy} onClick={() => act(action)} aria-label={`${text.actions[action]}: ${runtime.id}`}>{text.actions[action]}</CommandButton>
    </Tooltip>
  );
  return (
    <Group gap={6}>
      {button('survey', true)}
      {button('select', !runtime.selected && runtime.state === 'usable')}
      {button('update', runtime.selected)}
      {button('rollback', !!runtime.selection?.previous)}
      {button('remove', !runtime.bundled)}
    </Group>
  );
}

function Details({ runtime }: { runtime: Runtime }) {
  const [opened, setOpened] = useState(false);
  return (
    <>
      <UnstyledButton mt="xs" onClick={() => setOpened(!opened)} aria-expanded={opened}>
        <Group gap={4}><Text size="xs" c="dimmed">{text.details}</Text>{opened ? <IconDown size={12} /> : <IconRight size={12} />}</Group>
      </UnstyledButton>
      <Collapse expanded={opened} transitionDuration={0}>
        <Stack gap={4} mt={6}>
          <Text size="xs" className="key">{runtime.folder}</Text>
          {runtime.predicates?.map(({ name, holds, reason }) => <Text key={name} size="xs"><b>{holds ? '✓' : '✗'} {name}</b> {reason}</Text>)}
          {runtime.probe ? <ProbeResult probe={runtime.probe} /> : <Text size="xs" c="dimmed">{text.notProbed}</Text>}
        </Stack>
      </Collapse>
    </>
  );
}

function ProbeResult({ probe }: { probe: Probe }) {
  return (
    <>
      <Text size="xs">{text.probed(new Date(probe.at).toLocaleString(), probe.seconds, probe.version)}</Text>
      {probe.devices.map(({ name, description, memory_total }) => <Text key={name} size="xs">{name}: {description}{memory_total > 0 && ` · ${bytes(memory_total)}`}</Text>)}
      <Text size="xs" c="dimmed">{probe.cpu_features.join(' ')}</Text>
      {probe.libraries.length > 0 && <pre className="log">{probe.libraries.join('\n')}</pre>}
      {probe.broken.map((line) => <Text key={line} size="xs" c="red">{line}</Text>)}
    </>
  );
}

import { Badge, Group, Progress, Text, UnstyledButton } from '@mantine/core';
import { memo, useEffect, useState } from 'react';
import { type Answer, acceptanceOf, useAnswers } from '../api/answers';
import { useWorkerAction, useWorkerLog, type Worker } from '../api/workers';
import { bytes } from '../models/facts';
import { CommandButton } from '../shell/CommandButton';
import { IconDown, IconRight } from '../shell/icons';
import { Problem } from '../shell/Problem';
import { strings } from '../strings';
import { Chart } from './Chart';

const text = strings.workers;
const colours: Record<string, string> = { ready: 'teal', busy: 'blue', faulted: 'red' };
const starting = new Set(['spawning', 'handshaking', 'loading']);
const time = (at: string) => new Date(at).toLocaleTimeString();

/** One worker, drawn again when it changed. */
export const WorkerCard = memo(function WorkerCard({ worker }: { worker: Worker }) {
  const act = useWorkerAction();
  const answers = useAnswers().data?.filter((answer) => answer.worker === worker.id) ?? [];
  return (
    <article className="card" aria-label={worker.instance} data-state={worker.state}>
      <Group justify="space-between" align="flex-start" gap="sm">
        <div style={{ minWidth: 0, flex: '1 1 300px' }}>
          <Group gap={6}>
            <Text fw={650} className="key">{worker.instance}</Text>
            <Badge variant="light" color={colours[worker.state] ?? 'gray'}>{text.states[worker.state] ?? worker.state}</Badge>
          </Group>
          <Text size="sm" c="dimmed" mt={2}>{[worker.draft && strings.stats.draft(worker.draft), worker.runtime].filter(Boolean).join(' · ')}</Text>
        </div>
        {worker.id && worker.state !== 'stopped' && (
          <Group gap={6}>
            <CommandButton command="unload, load" size="xs" variant="default" disabled={act.isPending} onClick={() => act.mutate({ restart: worker })} aria-label={`${text.restart}: ${worker.instance}`}>{text.restart}</CommandButton>
            <CommandButton command="unload" size="xs" variant="default" disabled={act.isPending} onClick={() => act.mutate({ stop: worker.id! })} aria-label={`${text.unload}: ${worker.instance}`}>{text.unload}</CommandButton>
          </Group>
        )}
      </Group>
      {starting.has(worker.state) && <Progress mt="xs" size="sm" value={100 * worker.progress || 100} animated={worker.progress === 0} aria-label={strings.chat.loading} />}
      <Figures worker={worker} last={answers.find(({ stats }) => stats)} />
      <Acceptance answers={answers} />
      {worker.last_fault && (
        <Text size="sm" c="red" mt="xs" role="status" style={{ whiteSpace: 'pre-wrap' }}>{[worker.last_fault.message, worker.last_fault.next_step].filter(Boolean).join('\n')}</Text>
      )}
      {worker.retry_at && <Countdown key={worker.retry_at} until={worker.retry_at} />}
      <Problem error={act.error} />
      {worker.id && <Log id={worker.id} />}
    </article>
  );
});

function Figures({ worker, last }: { worker: Worker; last: Answer | undefined }) {
  const parts = [
    worker.pid !== null && text.pid(worker.pid),
    worker.memory.private !== null && text.memory(bytes(worker.memory.private)),
    last?.stats && text.lastSpeed(strings.stats.speed(last.stats.tokens_per_second)),
    text.waiting(worker.leases, worker.waiting),
    text.answers(worker.completed),
    text.restarts(worker.restarts),
    worker.started_at && text.since(time(worker.started_at)),
  ];
  return <div className="stats">{parts.filter((part) => typeof part === 'string').map((part) => <span key={part}>{part}</span>)}</div>;
}

/** How much of what was drafted was accepted, answer by answer. */
function Acceptance({ answers }: { answers: Answer[] }) {
  const shares = answers.map(acceptanceOf).filter((share) => share !== null).reverse().slice(-60);
  if (shares.length === 0)
    return null;
  return (
    <div style={{ marginTop: 8 }}>
      <Text size="xs" c="dimmed">{text.acceptance(shares.at(-1)!, shares.length)}</Text>
      <Chart values={shares} label={text.acceptanceChart(shares)} />
    </div>
  );
}

/** The clock of this page, not a question to the host. */
function Countdown({ until }: { until: string }) {
  const left = () => Math.max(0, Math.ceil((new Date(until).getTime() - Date.now()) / 1000));
  const [seconds, setSeconds] = useState(left);
  useEffect(() => {
    const timer = setInterval(() => setSeconds(left()), 250);
    return () => clearInterval(timer);
  }, []);
  return <Text size="sm" fw={600} mt={4}>{text.retry(seconds, time(until))}</Text>;
}

function Log({ id }: { id: string }) {
  const [opened, setOpened] = useState(false);
  const log = useWorkerLog(id, opened);
  return (
    <>
      <UnstyledButton mt="xs" onClick={() => setOpened(!opened)} aria-expanded={opened}>
        <Group gap={4}><Text size="xs" c="dimmed">{text.log}</Text>{opened ? <IconDown size={12} /> : <IconRight size={12} />}</Group>
      </UnstyledButton>
      {opened && log.data && <pre className="log" tabIndex={0} aria-label={text.log}>{log.data.lines.join('\n') || text.logEmpty}</pre>}
      {opened && <Problem error={log.error} />}
    </>
  );
}

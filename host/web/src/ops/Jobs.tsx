import { Button, Group, Progress, Stack, Text } from '@mantine/core';
import { cancelJob, useJobs } from '../api/jobs';
import { strings } from '../strings';

const text = strings.jobs;

/** Long actions of a kind: running ones with their progress, and those that failed. */
export function Jobs({ kinds }: { kinds: string }) {
  const jobs = useJobs().data?.jobs.filter(({ kind, state }) => kind.startsWith(kinds) && (state === 'running' || state === 'failed')) ?? [];
  if (jobs.length === 0)
    return null;
  return (
    <Stack gap="xs" mb="md">
      {jobs.map(({ id, title, state, progress, message, error }) => (
        <div key={id} className="card" role="status">
          <Group justify="space-between" wrap="nowrap">
            <div style={{ minWidth: 0 }}>
              <Text size="sm" fw={600}>{title}</Text>
              <Text size="xs" c={error ? 'red' : 'dimmed'} style={{ whiteSpace: 'pre-wrap' }}>{error ? [error.message, error.next_step].filter(Boolean).join('\n') : message}</Text>
            </div>
            <Button size="xs" variant="default" onClick={() => void cancelJob(id)}>{state === 'running' ? text.cancel : text.dismiss}</Button>
          </Group>
          {state === 'running' && <Progress mt="xs" size="sm" value={progress === null ? 100 : 100 * progress} animated={progress === null} aria-label={title} />}
        </div>
      ))}
    </Stack>
  );
}

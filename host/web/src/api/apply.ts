import type { QueryClient } from '@tanstack/react-query';
import type { Answer } from './answers';
import type { Job } from './jobs';
import { onEvent } from './live';
import type { Worker } from './workers';

/** Events come in bursts: what is shown changes at most four times a second. */
const every = 250;
const mostAnswers = 200;

/** Takes what events say into what is known already, so that nothing is asked for again. */
export function applyEvents(client: QueryClient): void {
  const workers = new Map<string, Worker>();
  let waiting = false;
  onEvent(({ event, data }) => {
    if (event === 'worker' || event === 'load') {
      const worker = JSON.parse(data) as Worker;
      workers.set(worker.instance, worker);
      if (!waiting) {
        waiting = true;
        setTimeout(() => {
          waiting = false;
          applyWorkers(client, workers);
          workers.clear();
        }, every);
      }
    } else if (event === 'job') {
      applyJob(client, JSON.parse(data) as Job);
    } else if (event === 'answer') {
      client.setQueryData<Answer[]>(['answers'], (known) => known && [JSON.parse(data) as Answer, ...known].slice(0, mostAnswers));
    }
  });
}

function applyWorkers(client: QueryClient, changed: ReadonlyMap<string, Worker>): void {
  const known = client.getQueryData<Worker[] | null>(['workers']);
  const before = new Map(known?.map((worker) => [worker.instance, worker]));
  const moved = [...changed.values()].filter(({ instance, state }) => before.get(instance)?.state !== state);
  if (known)
    client.setQueryData<Worker[]>(['workers'], [...known.map((worker) => changed.get(worker.instance) ?? worker), ...[...changed.values()].filter(({ instance }) => !before.has(instance))]
      .filter(({ state }) => state !== 'stopped'));
  // A list that is on its way may be older than these events, and would bring back what is gone.
  if (client.isFetching({ queryKey: ['workers'], exact: true }))
    void client.invalidateQueries({ queryKey: ['workers'], exact: true });
  if (moved.length > 0)
    void client.invalidateQueries({ queryKey: ['models'] });
}

function applyJob(client: QueryClient, job: Job): void {
  client.setQueryData<{ jobs: Job[] }>(['jobs'], (known) => known && { jobs: [job, ...known.jobs.filter(({ id }) => id !== job.id)] });
  const stale = { runtime: 'runtimes', bench: 'bench', worker: 'workers' }[job.kind.split('.')[0]!];
  if (job.state !== 'running' && stale)
    void client.invalidateQueries({ queryKey: [stale] });
}

import { useQuery } from '@tanstack/react-query';
import { getJson, segment, sendJson } from './client';
import { onEvent } from './live';
import type { JobItem as Job, JobList } from './schema';

export type { Job };

export const useJobs = () => useQuery({ queryKey: ['jobs'], queryFn: ({ signal }) => getJson<JobList>('/api/tandem/jobs', signal) });

export const cancelJob = (id: string) => sendJson('DELETE', `/api/tandem/jobs/${segment(id)}`);

/** Starts a long action and waits for its end. A refusal, at once or later, is an error in words. */
export async function runJob(start: () => Promise<Job>): Promise<Job> {
  const ended = new Map<string, Job>();
  let id: string | undefined;
  let finish: ((job: Job) => void) | undefined;
  const take = (job: Job) => {
    if (job.state === 'running')
      return;
    ended.set(job.id, job);
    if (job.id === id)
      finish?.(job);
  };
  // From before the request on: the job may end before its answer is here. After a gap in the events it is asked for.
  const forget = onEvent(({ event, data }) => {
    if (event === 'job')
      take(JSON.parse(data) as Job);
    else if (event === 'resync' && id)
      getJson<Job>(`/api/tandem/jobs/${segment(id)}`).then(take, () => undefined);
  });
  try {
    ({ id } = await start());
    const job = ended.get(id) ?? await new Promise<Job>((done) => void (finish = done));
    if (job.error)
      throw new Error([job.error.message, job.error.next_step].filter(Boolean).join('\n'));
    return job;
  } finally {
    forget();
  }
}

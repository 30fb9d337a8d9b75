import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { ApiError, getJson, segment, sendJson } from './client';
import { type Job, runJob } from './jobs';
import type { WorkerItem as Worker, WorkerList, WorkerLogLines } from './schema';

export type { Worker };

export function useWorkers() {
  return useQuery({
    queryKey: ['workers'],
    queryFn: async ({ signal }): Promise<Worker[] | null> => {
      try {
        return (await getJson<WorkerList>('/api/tandem/workers', signal)).workers;
      } catch (problem) {
        if (problem instanceof ApiError && problem.missing)
          return null;
        throw problem;
      }
    },
  });
}

/** Keys of the models that are ready to answer. */
export function useLoadedModels(): ReadonlySet<string> {
  const workers = useWorkers().data ?? [];
  return new Set(workers.filter(({ state }) => state === 'ready' || state === 'busy').map(({ model }) => model));
}

export interface WorkerStart {
  model: string;
  draft?: string;
  runtime?: string;
}

const start = (what: WorkerStart) => sendJson<Job>('POST', '/api/tandem/workers', what);
const stop = (id: string) => sendJson<Job>('DELETE', `/api/tandem/workers/${segment(id)}`);

/** Starts or stops a worker; how that goes on comes by events. A restart waits for the end of the first process. */
export function useWorkerAction() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (what: { start: WorkerStart } | { stop: string } | { restart: Worker }) => {
      if ('start' in what)
        return start(what.start);
      if ('stop' in what)
        return stop(what.stop);
      const { id, model, draft, runtime } = what.restart;
      await runJob(() => stop(id!));
      return start({ model, draft: draft ?? 'off', ...(runtime ? { runtime } : {}) });
    },
    onSettled: () => Promise.all(['workers', 'jobs'].map((key) => queries.invalidateQueries({ queryKey: [key] }))),
  });
}

export const useWorkerLog = (id: string, enabled: boolean) => useQuery({
  queryKey: ['workers', id, 'log'], enabled, queryFn: ({ signal }) => getJson<WorkerLogLines>(`/api/tandem/workers/${segment(id)}/log`, signal),
});

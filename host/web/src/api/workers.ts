import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { ApiError, getJson, segment, sendJson } from './client';
import { type Job, runJob } from './jobs';

export interface Worker {
  id: string | null;
  instance: string;
  model: string;
  state: string;
  stop_cause: string | null;
  pid: number | null;
  draft: string | null;
  engine: string | null;
  runtime: string | null;
  progress: number;
  phase: string | null;
  loaded_by_user: boolean;
  ttl: number | null;
  leases: number;
  waiting: number;
  completed: number;
  restarts: number;
  started_at: string | null;
  memory: { estimated: number; private: number | null; devices: { device: string; weights: number; kv_cache: number; compute: number; draft: number }[] };
  context_length: number | null;
  parallel: number | null;
  last_fault: { code: string; message: string; next_step: string | null } | null;
  last_fault_at: string | null;
  retry_at: string | null;
}

export function useWorkers() {
  return useQuery({
    queryKey: ['workers'],
    queryFn: async ({ signal }): Promise<Worker[] | null> => {
      try {
        return (await getJson<{ workers: Worker[] }>('/api/tandem/workers', signal)).workers;
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
  queryKey: ['workers', id, 'log'], enabled, queryFn: ({ signal }) => getJson<{ lines: string[] }>(`/api/tandem/workers/${segment(id)}/log`, signal),
});

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getJson, segment, sendJson } from './client';
import type { Job } from './jobs';
import type { AvailableRuntimes, RuntimeList } from './schema';

export type { AvailableRuntime as Offer, PluginItem as Plugin, ProbeItem as Probe, RuntimeItem as Runtime, RuntimeList } from './schema';

export const useRuntimes = () => useQuery({ queryKey: ['runtimes'], queryFn: ({ signal }) => getJson<RuntimeList>('/api/tandem/runtimes', signal) });

export const useOffers = (enabled: boolean) => useQuery({
  queryKey: ['runtimes', 'available'], enabled, queryFn: ({ signal }) => getJson<AvailableRuntimes>('/api/tandem/runtimes/available', signal),
});

export type RuntimeAction = 'survey' | 'select' | 'update' | 'rollback' | 'remove';

/** Does something with one runtime; what takes long answers with a job, whose progress comes by events. */
export function useRuntimeAction() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ id, action }: { id: string; action: RuntimeAction }) => action === 'remove'
      ? sendJson('DELETE', `/api/tandem/runtimes/${segment(id)}`)
      : sendJson('POST', `/api/tandem/runtimes/${segment(id)}/${action}`, {}),
    onSettled: () => Promise.all(['runtimes', 'jobs', 'pairs'].map((key) => queries.invalidateQueries({ queryKey: [key] }))),
  });
}

export function useInstall() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (what: { query?: string; path?: string }) => sendJson<Job>('POST', '/api/tandem/runtimes', what),
    onSettled: () => Promise.all(['runtimes', 'jobs'].map((key) => queries.invalidateQueries({ queryKey: [key] }))),
  });
}

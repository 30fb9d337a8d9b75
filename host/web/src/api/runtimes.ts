import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getJson, segment, sendJson } from './client';
import type { Job } from './jobs';

export interface Runtime {
  id: string;
  state: 'checking' | 'usable' | 'unusable';
  compatibility?: string;
  reason: string | null;
  next_step: string | null;
  selected: boolean;
  folder: string;
  engine?: string;
  engine_version?: string;
  package_version?: string;
  variant?: string;
  formats?: string[];
  bundled?: boolean;
  warnings?: string[];
  missing_features?: { capability: string; since: string; message: string; next_step: string }[];
  predicates?: { name: string; holds: boolean; reason: string; next_step: string }[];
  probe?: Probe | null;
  selection?: { pinned: boolean; previous: string | null; on_trial: boolean; notice: string | null } | null;
  workers?: { id: string; model: string; state: string; pid: number | null }[];
}

export interface Probe {
  pid: number;
  at: string;
  seconds: number;
  version: string;
  devices: { name: string; description: string; kind: string; memory_total: number; memory_free: number }[];
  cpu_features: string[];
  libraries: string[];
  broken: string[];
}

export interface Plugin {
  id: string;
  name: string | null;
  state: 'loaded' | 'incompatible' | 'broken';
  reason: string | null;
  formats: string[];
}

export interface RuntimeList {
  plugins: Plugin[];
  runtimes: Runtime[];
  machine?: { operating_system: string; architecture: string; cpu_features: string[]; accelerators: { kind: string; name: string; memory_bytes: number }[]; memory_bytes: number };
}

export interface Offer {
  id: string;
  engine: string;
  engine_version: string;
  variant: string;
  formats: string[];
  installed: boolean;
  unfit: string | null;
  disk_bytes: number;
}

export const useRuntimes = () => useQuery({ queryKey: ['runtimes'], queryFn: ({ signal }) => getJson<RuntimeList>('/api/tandem/runtimes', signal) });

export const useOffers = (enabled: boolean) => useQuery({
  queryKey: ['runtimes', 'available'], enabled, queryFn: ({ signal }) => getJson<{ available: Offer[] }>('/api/tandem/runtimes/available', signal),
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

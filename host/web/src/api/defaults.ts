import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { segment, sendJson } from './client';
import { optional } from './queries';
import type { DefaultsBody } from './schema';

/** What holds for a model wherever it is used. What is not set is absent; to take a setting back, null is sent. */
export type Defaults = DefaultsBody;

const path = (key: string) => `/api/tandem/models/${segment(key)}/defaults`;

export function useDefaults(key: string | undefined) {
  return useQuery({
    queryKey: ['defaults', key],
    enabled: !!key,
    queryFn: ({ signal }) => optional<Defaults | null>(path(key!), signal, null),
  });
}

export function useSetDefaults(key: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (defaults: Defaults) => sendJson<Defaults>('PUT', path(key), defaults),
    onSuccess: () => Promise.all(['defaults', 'models'].map((name) => queries.invalidateQueries({ queryKey: [name] }))),
  });
}

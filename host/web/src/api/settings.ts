import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getJson, sendJson } from './client';

export type Value = boolean | number | string;

export interface Setting {
  key: string;
  value: Value;
  default: Value;
  type: 'boolean' | 'integer' | 'number' | 'string';
  minimum: number | null;
  maximum: number | null;
  choices: string[] | null;
  description: string;
}

export const useSettings = () => useQuery({ queryKey: ['settings'], queryFn: ({ signal }) => getJson<{ settings: Setting[] }>('/api/tandem/settings', signal) });

/** Sets some; null puts a default back. */
export function useSetSettings() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (change: Record<string, Value | null>) => sendJson<{ settings: Setting[] }>('PUT', '/api/tandem/settings', change),
    onSuccess: (settings) => queries.setQueryData(['settings'], settings),
  });
}

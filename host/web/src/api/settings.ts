import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getJson, sendJson } from './client';
import type { SettingItem, SettingList } from './schema';

export type Setting = SettingItem;
export type Value = SettingItem['value'];

export const useSettings = () => useQuery({ queryKey: ['settings'], queryFn: ({ signal }) => getJson<SettingList>('/api/tandem/settings', signal) });

/** Sets some; null puts a default back. */
export function useSetSettings() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (change: Record<string, Value | null>) => sendJson<SettingList>('PUT', '/api/tandem/settings', change),
    onSuccess: (settings) => queries.setQueryData(['settings'], settings),
  });
}

import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';
import { ApiError, getJson, segment } from './client';
import type { CatalogueItem, CatalogueList, Health, PairList, StoredChatList } from './schema';

export type { CatalogueItem as Model, DescribedItem as Description, DraftItem as Draft, ReasonItem as Reason } from './schema';

/** Which drafts fit; `unknown`: this host does not tell. */
export type Pairs = Pick<PairList, 'drafts'> & { state: PairList['state'] | 'unknown' };

/** A 404 for a whole endpoint is an answer too: this host does not have that part. */
export async function optional<T>(path: string, signal: AbortSignal, absent: T): Promise<T> {
  try {
    return await getJson<T>(path, signal);
  } catch (problem) {
    if (problem instanceof ApiError && problem.missing)
      return absent;
    throw problem;
  }
}

export function useCatalogue() {
  return useQuery({ queryKey: ['models'], queryFn: ({ signal }) => getJson<CatalogueList>('/api/tandem/models', signal) });
}

/** Models that can be chatted with. */
export function useModels(): CatalogueItem[] | undefined {
  return useCatalogue().data?.models.filter((model) => !model.shadowed && model.description?.kind !== 'embedding');
}

export const pairsQuery = (main: string) => queryOptions({
  queryKey: ['pairs', main],
  queryFn: async ({ signal }): Promise<Pairs> =>
    (await optional<PairList | null>(`/api/tandem/pairs?main=${segment(main)}`, signal, null)) ?? { state: 'unknown', drafts: [] },
});

export function usePairs(main: string | null | undefined) {
  return useQuery({ ...pairsQuery(main ?? ''), enabled: !!main });
}

export function useChats(search: string) {
  return useQuery({
    queryKey: ['chats', search],
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) =>
      (await optional<StoredChatList>(`/api/tandem/chats${search ? `?q=${encodeURIComponent(search)}` : ''}`, signal, { chats: [] })).chats,
  });
}

export function useHealth() {
  return useQuery({ queryKey: ['health'], queryFn: ({ signal }) => getJson<Health>('/health', signal) });
}

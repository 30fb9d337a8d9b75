import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';
import { ApiError, getJson, segment } from './client';
import type { ChatSummary } from './types';

/** A model that was found, usable or not. */
export interface Model {
  key: string;
  engine?: string;
  format?: string;
  path?: string;
  files?: number;
  projector?: string | null;
  embedded?: boolean;
  shadowed?: boolean;
  problem?: string | null;
  problem_field?: string | null;
  description?: Description | null;
  instances?: { id: string; state: string; draft_model: string | null }[];
  recommended_for?: number;
  /** Default draft. */
  draft_model?: string | null;
}

export interface Description {
  name: string | null;
  kind: 'llm' | 'embedding';
  architecture: string;
  quantization: string;
  parameters: number;
  size_bytes: number;
  context_length: number;
  layers: number;
  vision: boolean;
  chat_template: boolean;
  tokenizer: { kind: string; pre_tokenizer: string; size: number; fingerprint: string } | null;
}

export interface Catalogue {
  state: 'scanning' | 'ready';
  folders: string[];
  models: Model[];
}

export interface Reason {
  check: string;
  message: string;
}

export interface Draft {
  key: string;
  verdict: 'exact' | 'tolerated' | 'refused';
  reasons: Reason[];
  rank: number | null;
  recommended: boolean;
  advice: string | null;
  measured: { acceptance: number; speed_up: number | null } | null;
}

export interface Pairs {
  state: 'identifying' | 'ready' | 'unknown';
  drafts: Draft[];
}

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
  return useQuery({ queryKey: ['models'], queryFn: ({ signal }) => readCatalogue(signal) });
}

async function readCatalogue(signal: AbortSignal): Promise<Catalogue> {
  const all = await optional<Catalogue | null>('/api/tandem/models', signal, null);
  if (all)
    return all;
  const plain = await getJson<{ data: { id: string }[] }>('/v1/models', signal);
  return { state: 'ready', folders: [], models: plain.data.map(({ id }) => ({ key: id })) };
}

/** Models that can be chatted with. */
export function useModels(): Model[] | undefined {
  return useCatalogue().data?.models.filter((model) => !model.shadowed && model.description?.kind !== 'embedding');
}

export const pairsQuery = (main: string) => queryOptions({
  queryKey: ['pairs', main],
  queryFn: async ({ signal }): Promise<Pairs> =>
    (await optional<Pairs | null>(`/api/tandem/pairs?main=${segment(main)}`, signal, null)) ?? { state: 'unknown', drafts: [] },
});

export function usePairs(main: string | null | undefined) {
  return useQuery({ ...pairsQuery(main ?? ''), enabled: !!main });
}

export function useChats(search: string) {
  return useQuery({
    queryKey: ['chats', search],
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) =>
      (await optional<{ chats: ChatSummary[] }>(`/api/tandem/chats${search ? `?q=${encodeURIComponent(search)}` : ''}`, signal, { chats: [] })).chats,
  });
}

export interface Health {
  status: string;
  instance: string;
  version: string;
}

export function useHealth() {
  return useQuery({ queryKey: ['health'], queryFn: ({ signal }) => getJson<Health>('/health', signal) });
}

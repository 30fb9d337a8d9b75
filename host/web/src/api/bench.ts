import { useMutation, useQuery } from '@tanstack/react-query';
import { getJson, sendJson } from './client';
import { type Job, runJob } from './jobs';

export interface Spread {
  median: number;
  low: number;
  high: number;
}

/** Figures of one way of decoding over a group of prompts. */
export interface Figures {
  /** `all`, `factual`, `creative` or `own`. */
  prompts: string;
  tokens_per_second: Spread;
  speed_up: Spread | null;
  acceptance: number | null;
  time_to_first_token: number;
  tokens: number;
}

export interface BenchRow {
  /** Null: none. `ngram`: repeated text. */
  draft: string | null;
  quantization: string | null;
  groups: Figures[];
  advice: string | null;
}

export interface Report {
  heading: { engine: string; runtime: string; processor: string; cores: number; accelerator: string | null; memory: number; operating_system: string; version: string };
  model: string;
  quantization: string;
  measured_at: string;
  rounds: number;
  rows: BenchRow[];
  problems: string[];
}

export interface BenchRequest {
  model: string;
  drafts?: string[];
  prompts?: string[];
  rounds?: number;
  max_tokens?: number;
  temperature?: number;
}

/** What was measured before, newest first. */
export const useReports = (model: string | null) => useQuery({
  queryKey: ['bench', model], enabled: model !== null,
  queryFn: async ({ signal }) => (await getJson<{ reports: Report[] }>(`/api/tandem/bench?model=${encodeURIComponent(model!)}`, signal)).reports,
});

export const useBench = () => useMutation({ mutationFn: (what: BenchRequest) => runJob(() => sendJson<Job>('POST', '/api/tandem/bench', what)) });

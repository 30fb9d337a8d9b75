import { useMutation, useQuery } from '@tanstack/react-query';
import { getJson, sendJson } from './client';
import { type Job, runJob } from './jobs';
import type { BenchReports } from './schema';

export type { BenchFigures as Figures, BenchReport as Report, BenchRow, BenchSpread as Spread } from './schema';

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
  queryFn: async ({ signal }) => (await getJson<BenchReports>(`/api/tandem/bench?model=${encodeURIComponent(model!)}`, signal)).reports,
});

export const useBench = () => useMutation({ mutationFn: (what: BenchRequest) => runJob(() => sendJson<Job>('POST', '/api/tandem/bench', what)) });

import { useQuery } from '@tanstack/react-query';
import { optional } from './queries';
import type { AnswerItem as Answer } from './schema';

export type { Answer };

/** The last ones, newest first; new ones come by events. */
export const useAnswers = () => useQuery({
  queryKey: ['answers'],
  queryFn: async ({ signal }) => (await optional<{ answers: Answer[] }>('/api/tandem/answers', signal, { answers: [] })).answers,
  staleTime: Infinity,
});

/** Share of what was drafted that was accepted; null when nothing was drafted. */
export const acceptanceOf = ({ stats }: Answer): number | null =>
  stats?.total_draft_tokens_count ? (stats.accepted_draft_tokens_count ?? 0) / stats.total_draft_tokens_count : null;

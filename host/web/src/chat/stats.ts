import type { MessageMeta, Stats } from '../api/types';

const sum = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined && other === undefined ? undefined : (one ?? 0) + (other ?? 0);

/** Figures of an answer that was continued: what was counted adds up, the rest is that of the last part. */
export function combine(before: MessageMeta, after: MessageMeta): MessageMeta {
  if (!before.stats || !after.stats)
    return after;
  const tokens = sum(before.tokens, after.tokens);
  const time = before.stats.generation_time + after.stats.generation_time;
  const stats: Stats = {
    ...after.stats,
    draft_model: after.stats.draft_model ?? before.stats.draft_model,
    time_to_first_token: before.stats.time_to_first_token,
    generation_time: time,
    tokens_per_second: tokens !== undefined && time > 0 ? tokens / time : after.stats.tokens_per_second,
  };
  for (const name of ['total', 'accepted', 'rejected', 'ignored'] as const) {
    const field = `${name}_draft_tokens_count` as const;
    const value = sum(before.stats[field], after.stats[field]);
    if (value !== undefined)
      stats[field] = value;
  }
  return { ...after, tokens, stats };
}

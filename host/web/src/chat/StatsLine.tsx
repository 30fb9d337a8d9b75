import type { MessageMeta } from '../api/types';
import { strings } from '../strings';

const text = strings.stats;

export function statsText(meta: MessageMeta): string[] {
  const { stats, tokens } = meta;
  if (!stats)
    return [];
  const parts = [text.speed(stats.tokens_per_second)];
  if (tokens !== undefined)
    parts.push(text.tokens(tokens));
  parts.push(text.firstToken(stats.time_to_first_token), text.stop(text.reasons[stats.stop_reason] ?? stats.stop_reason));
  if (stats.draft_model)
    parts.push(text.draft(stats.draft_model));
  if (stats.total_draft_tokens_count !== undefined)
    parts.push(text.accepted(stats.accepted_draft_tokens_count ?? 0, stats.total_draft_tokens_count));
  return parts;
}

/** The figures of one answer. */
export function StatsLine({ meta }: { meta: MessageMeta }) {
  const parts = statsText(meta);
  if (parts.length === 0 && !meta.stopped)
    return null;
  const drafted = meta.stats?.total_draft_tokens_count !== undefined;
  return (
    <div className="stats" data-testid="stats">
      {parts.map((part, i) => <span key={i} className={drafted && i === parts.length - 1 ? 'accepted' : undefined}>{part}</span>)}
      {meta.stopped && <span>{strings.chat.stopped}</span>}
      {meta.stats?.dropped_tokens_count !== undefined && <span>{text.dropped(meta.stats.dropped_tokens_count)}</span>}
      {meta.stats?.speculation_note && <span>{meta.stats.speculation_note}</span>}
    </div>
  );
}

import type { ChatSummary } from '../api/types';
import type { Prefs } from '../prefs';
import { strings } from '../strings';

/** What a chat is called: as the user named it, or by its first question while names are made automatically. */
export function titleOf(chat: Pick<ChatSummary, 'title' | 'automatic_title'>, prefs: Pick<Prefs, 'automaticNames'>): string {
  return chat.title ?? ((prefs.automaticNames ? chat.automatic_title : null) || strings.chat.untitled);
}

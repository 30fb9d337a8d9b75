import type { ChatDetails } from '../api/types';
import { strings } from '../strings';
import { statsText } from './StatsLine';
import { pathTo } from './tree';

/** The branch that is shown, as a document. */
export function toMarkdown(chat: ChatDetails, title: string): string {
  const parts = [`# ${title}`];
  if (chat.settings.system)
    parts.push(`> ${chat.settings.system.replaceAll('\n', '\n> ')}`);
  for (const { role, content, meta } of pathTo(new Map(chat.items.map((item) => [item.id, item])), chat.leaf)) {
    parts.push(`## ${role === 'user' ? strings.chat.you : meta.model ?? strings.chat.assistant}`, content);
    if (meta.stats)
      parts.push(`*${statsText(meta).join(' · ')}*`);
  }
  return `${parts.join('\n\n')}\n`;
}

export function download(name: string, content: string): void {
  const url = URL.createObjectURL(new Blob([content], { type: 'text/plain;charset=utf-8' }));
  const link = Object.assign(document.createElement('a'), { href: url, download: name.replace(/[/\\:*?"<>|\n]+/g, '-') });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

import type { Message } from '../api/types';

/** Messages from the first to this one. */
export function pathTo(messages: ReadonlyMap<string, Message>, leaf: string | null): Message[] {
  const path: Message[] = [];
  const seen = new Set<string>();
  for (let id = leaf; id !== null && !seen.has(id); ) {
    const message = messages.get(id);
    if (!message)
      break;
    seen.add(id);
    path.push(message);
    id = message.parent;
  }
  return path.reverse();
}

/** Messages that stand for each other: answers to one question, or wordings of one question. */
export function siblingsOf(messages: ReadonlyMap<string, Message>, message: Message): Message[] {
  return [...messages.values()].filter((other) => other.parent === message.parent && other.role === message.role);
}

/** The newest leaf below a message. */
export function leafBelow(messages: ReadonlyMap<string, Message>, id: string): string {
  let leaf = id;
  for (;;) {
    const children = [...messages.values()].filter((message) => message.parent === leaf);
    if (children.length === 0)
      return leaf;
    leaf = children[children.length - 1]!.id;
  }
}

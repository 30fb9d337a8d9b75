import { sendJson } from '../api/client';
import type { Write } from './outbox';

const key = 'unsent';

/** The page is being closed: what a browser sends after that comes in any order, or after the page that follows has read the chat. */
export function keepUnsent(writes: readonly Write[]): void {
  if (writes.length === 0)
    return;
  try {
    sessionStorage.setItem(key, JSON.stringify(writes));
  } catch {
    // Larger than a browser keeps: what it sends after the page has to do.
  }
}

/** The page is there again, in the same tab: what was unsent is sent once more, in order, before anything is read. */
export async function sendUnsent(): Promise<void> {
  const kept = sessionStorage.getItem(key);
  sessionStorage.removeItem(key);
  const writes = kept ? (JSON.parse(kept) as Write[]) : [];
  try {
    for (const { path, body } of writes)
      await sendJson('PUT', path, body);
  } catch {
    // The host is away, or no longer has the chat. It may come back before the next page does.
    keepUnsent(writes);
  }
}

import { useSyncExternalStore } from 'react';
import { getJson, sendJson } from './api/client';

/** How the user likes the pages. The host keeps the first four, for every browser; this browser keeps all, so that a page starts right. */
export interface Prefs {
  /** Colour text by where it comes from. */
  visualise: boolean;
  wide: boolean;
  automaticNames: boolean;
  expandReasoning: boolean;
  settingsOpen: boolean;
  /** Chosen last; new chats begin with it. */
  model: string | null;
}

const key = 'tandem.prefs';
const defaults: Prefs = { visualise: true, wide: false, automaticNames: true, expandReasoning: false, settingsOpen: true, model: null };

/** Names of the host's settings. */
const hostNames = {
  visualise: 'chat.visualise_draft_tokens',
  wide: 'chat.expand_to_window_width',
  automaticNames: 'chat.automatic_names',
  expandReasoning: 'chat.expand_reasoning',
} as const;

function read(): Prefs {
  try {
    return { ...defaults, ...(JSON.parse(localStorage.getItem(key) ?? '{}') as Partial<Prefs>) };
  } catch {
    return defaults;
  }
}

let current = read();
const readers = new Set<() => void>();

function publish(prefs: Prefs): void {
  current = prefs;
  for (const reader of readers)
    reader();
}

// Another window of the same browser.
addEventListener('storage', (event) => {
  if (event.key === key)
    publish(read());
});

function remember(change: Partial<Prefs>): void {
  publish({ ...current, ...change });
  try {
    localStorage.setItem(key, JSON.stringify(current));
  } catch {
    // Storage is switched off: it holds until the page is closed.
  }
}

export function setPrefs(change: Partial<Prefs>): void {
  remember(change);
  const settings = Object.entries(hostNames).filter(([name]) => name in change).map(([name, setting]) => [setting, change[name as keyof Prefs]]);
  // A host that is away, or does not know them, leaves them to this browser.
  if (settings.length > 0)
    sendJson('PUT', '/api/tandem/settings', Object.fromEntries(settings)).catch(() => undefined);
}

/** Takes over what the host keeps. */
export async function readHostPrefs(): Promise<void> {
  try {
    const { settings } = await getJson<{ settings: { key: string; value: unknown }[] }>('/api/tandem/settings');
    const values = new Map(settings.map((setting) => [setting.key, setting.value]));
    remember(Object.fromEntries(Object.entries(hostNames).filter(([, setting]) => values.has(setting)).map(([name, setting]) => [name, values.get(setting)])));
  } catch {
    // As above.
  }
}

export const getPrefs = (): Prefs => current;

export function usePrefs(): Prefs {
  return useSyncExternalStore((reader) => {
    readers.add(reader);
    return () => readers.delete(reader);
  }, getPrefs);
}

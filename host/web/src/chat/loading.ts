import { useSyncExternalStore } from 'react';
import { sendJson } from '../api/client';
import { type Job, runJob } from '../api/jobs';
import { onEvent } from '../api/live';

export interface LoadProgress {
  /** Null while it is not known. */
  percent: number | null;
  phase?: string;
}

/** Models that are being loaded, by key, from the host's events. */
let loads: ReadonlyMap<string, LoadProgress> = new Map();
const readers = new Set<() => void>();

function set(model: string, progress: LoadProgress | null): void {
  const next = new Map(loads);
  if (progress)
    next.set(model, progress);
  else
    next.delete(model);
  loads = next;
  for (const reader of readers)
    reader();
}

interface LoadEvent {
  model?: string;
  progress?: number;
  phase?: string;
  state?: string;
}

const loadingStates = new Set(['spawning', 'handshaking', 'loading']);

onEvent(({ event, data }) => {
  if (event !== 'load' && event !== 'worker')
    return;
  const { model, progress, phase, state } = JSON.parse(data) as LoadEvent;
  if (!model)
    return;
  if (event === 'worker' && state && !loadingStates.has(state))
    set(model, null);
  else if (event === 'load' || (state && loadingStates.has(state)))
    set(model, progress !== undefined && progress >= 1 ? null : { percent: progress === undefined ? loads.get(model)?.percent ?? null : Math.round(progress * 100), phase });
});

export function useLoadProgress(model: string | undefined): LoadProgress | null {
  return useSyncExternalStore((reader) => {
    readers.add(reader);
    return () => readers.delete(reader);
  }, () => (model ? loads.get(model) ?? null : null));
}

/** Loads a model before it is asked. A refusal, at once or later, is an error in words. */
export async function loadModel(model: string): Promise<void> {
  set(model, { percent: null });
  try {
    await runJob(() => sendJson<Job>('POST', '/api/tandem/workers', { model }));
  } finally {
    set(model, null);
  }
}

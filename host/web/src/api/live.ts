import type { QueryClient } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { ApiError, send } from './client';
import { type ServerEvent, serverEvents } from './sse';

export type Connection = 'connecting' | 'live' | 'quiet' | 'lost';

type Listener = (event: ServerEvent) => void;

let connection: Connection = 'connecting';
const connectionReaders = new Set<() => void>();
const listeners = new Set<Listener>();

const pause = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));

function become(next: Connection): void {
  if (connection === next)
    return;
  connection = next;
  for (const reader of connectionReaders)
    reader();
}

export function useConnection(): Connection {
  return useSyncExternalStore((reader) => {
    connectionReaders.add(reader);
    return () => connectionReaders.delete(reader);
  }, () => connection);
}

export function onEvent(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Which queries are no longer true after an event of a kind. */
const stale: Record<string, string[]> = {
  index: ['pairs', 'models'],
  // What a runtime can do decides what its models can be paired with.
  runtime: ['runtimes', 'pairs'],
};

/** Follows the host's events for as long as the page lives, and finds the host again after it was away. */
export async function follow(client: QueryClient): Promise<never> {
  for (let failures = 0; ; ) {
    try {
      const response = await send('/api/tandem/events');
      if (failures > 0)
        dispatch({ event: 'resync', data: '' }, client);
      failures = 0;
      become('live');
      for await (const events of serverEvents(response))
        events.forEach((event) => dispatch(event, client));
    } catch (problem) {
      if (problem instanceof ApiError && !problem.unreachable) {
        // A host without events: the page asks when it is looked at.
        become('quiet');
        await pause(30_000);
        continue;
      }
    }
    failures++;
    become('lost');
    await pause(Math.min(3000, 250 * 2 ** failures));
  }
}

function dispatch(event: ServerEvent, client: QueryClient): void {
  for (const listener of listeners)
    listener(event);
  if (event.event === 'resync')
    void client.invalidateQueries();
  for (const key of stale[event.event] ?? [])
    mark(key, client);
}

/** Events come in bursts: a query is asked again at most four times a second. */
const marked = new Map<string, ReturnType<typeof setTimeout>>();

function mark(key: string, client: QueryClient): void {
  if (!marked.has(key)) {
    marked.set(key, setTimeout(() => {
      marked.delete(key);
      void client.invalidateQueries({ queryKey: [key] });
    }, 250));
  }
}

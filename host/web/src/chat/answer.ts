import { ApiError, send } from '../api/client';
import { serverEvents } from '../api/sse';
import type { ChatChunk, MessageMeta, Run } from '../api/types';
import { append } from './origin';

/** An answer that is being written. It grows in place; readers are told at most once per frame. */
export interface Growing {
  content: string;
  origin: Run[];
  reasoning: string;
  reasoningOrigin: Run[];
  meta: MessageMeta;
  /** Nothing has come yet: the model is being loaded or reads the prompt. */
  waiting: boolean;
}

/** Reads an answer into `growing`; calls `changed` after each network read. Ends normally, also when the host refuses: see `meta.error`. */
export async function readAnswer(body: unknown, growing: Growing, signal: AbortSignal, changed: () => void): Promise<void> {
  try {
    const response = await send('/api/v0/chat/completions', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      signal,
    });
    let finished = false;
    for await (const events of serverEvents(response)) {
      for (const { data } of events) {
        if (data === '[DONE]')
          finished = true;
        else
          take(JSON.parse(data) as ChatChunk, growing);
      }
      changed();
    }
    if (!finished && !growing.meta.error && !growing.meta.stats)
      growing.meta.error = 'The connection ended before the answer did.';
  } catch (problem) {
    if (signal.aborted)
      growing.meta.stopped = true;
    else
      growing.meta.error = problem instanceof ApiError && !problem.unreachable ? problem.message : 'The connection to Tandem was lost.';
  } finally {
    growing.waiting = false;
    changed();
  }
}

function take(chunk: ChatChunk, growing: Growing): void {
  if (chunk.error) {
    growing.meta.error = chunk.error.message;
    return;
  }
  if (chunk.model)
    growing.meta.model = chunk.model;
  if (chunk.stats)
    growing.meta.stats = chunk.stats;
  if (chunk.usage)
    growing.meta.tokens = chunk.usage.completion_tokens;
  const delta = chunk.choices[0]?.delta;
  if (delta?.reasoning_content) {
    growing.waiting = false;
    growing.reasoning += delta.reasoning_content;
    append(growing.reasoningOrigin, delta.origin ?? [{ chars: delta.reasoning_content.length, from: 'main' }]);
  }
  if (delta?.content) {
    growing.waiting = false;
    growing.content += delta.content;
    append(growing.origin, delta.origin ?? [{ chars: delta.content.length, from: 'main' }]);
  }
}

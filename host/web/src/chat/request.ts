import type { ChatSettings, Message } from '../api/types';

/** Body of the chat request for a branch of a chat. Fields that are not set are the model's defaults and stay out. */
export function requestOf(settings: ChatSettings, path: readonly Message[], resume: boolean): Record<string, unknown> {
  const messages = path
    .filter((message) => message.role === 'user' || message.content.length > 0)
    .map((message) => ({ role: message.role, content: message.content }));
  const speculation = present({
    proposer: settings.proposer,
    length: settings.length,
    min_length: settings.min_length,
    min_probability: settings.min_probability,
  });
  return {
    ...present({
      temperature: settings.temperature,
      top_p: settings.top_p,
      top_k: settings.top_k,
      min_p: settings.min_p,
      repeat_penalty: settings.repeat_penalty,
      max_tokens: settings.max_tokens,
      seed: settings.seed,
      draft_model: settings.draft,
    }),
    ...(Object.keys(speculation).length > 0 ? { speculation } : {}),
    ...(resume ? { continue_final_message: true } : {}),
    model: settings.model,
    // A conversation that has grown too long goes on without its middle.
    context_overflow: 'truncate_middle',
    messages: settings.system?.trim() ? [{ role: 'system', content: settings.system }, ...messages] : messages,
    stream: true,
    stream_options: { include_draft_origin: true, include_usage: true },
  };
}

function present<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null && value !== '')) as Partial<T>;
}

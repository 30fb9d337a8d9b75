export interface ServerEvent {
  event: string;
  data: string;
}

/** Server-sent events of a response, as they come in; several of one network read are given together. */
export async function* serverEvents(response: Response): AsyncGenerator<ServerEvent[]> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done)
        return;
      const entries = (rest + value).split('\n\n');
      rest = entries.pop()!;
      const events = entries.map(parse).filter((event) => event !== null);
      if (events.length > 0)
        yield events;
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

function parse(entry: string): ServerEvent | null {
  let event = 'message';
  const data: string[] = [];
  for (const line of entry.split('\n')) {
    if (line.startsWith('data:'))
      data.push(line.slice(line[5] === ' ' ? 6 : 5));
    else if (line.startsWith('event:'))
      event = line.slice(6).trim();
  }
  return data.length > 0 ? { event, data: data.join('\n') } : null;
}

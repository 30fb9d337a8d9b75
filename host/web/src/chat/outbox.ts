import { ApiError, sendJson } from '../api/client';

export type SaveState = 'saved' | 'saving' | 'waiting' | 'unsupported' | 'failed';

const pause = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));

/** What a PUT sends. It may be repeated. */
export interface Write {
  path: string;
  body: unknown;
}

interface Waiting {
  /** Made when it is sent: then it is the newest. */
  make: () => Write;
  saved: (answer: never) => void;
}

/**
 * What still has to reach the host, in order, one at a time. Newer content for the same thing replaces what waits. While the host is away it
 * waits, and tries again.
 */
export class Outbox {
  state: SaveState = 'saved';
  private readonly waiting = new Map<string, Waiting>();
  private running = false;

  constructor(private readonly changed: () => void) {}

  put<T>(key: string, make: () => Write, saved: (answer: T) => void): void {
    this.waiting.set(key, { make, saved });
    if (!this.running)
      void this.run();
  }

  /** The page is being closed: what is on its way is cut off, so everything is sent once more, in a way that outlives the page. */
  flush(): Write[] {
    const writes = [...this.waiting.values()].map(({ make }) => make());
    for (const { path, body } of writes)
      sendJson('PUT', path, body, true).catch(() => undefined);
    return writes;
  }

  private async run(): Promise<void> {
    this.running = true;
    for (let failures = 0; this.waiting.size > 0; ) {
      const [key, write] = this.waiting.entries().next().value!;
      this.become(failures === 0 ? 'saving' : 'waiting');
      try {
        const { path, body } = write.make();
        write.saved(await sendJson<never>('PUT', path, body));
        failures = 0;
      } catch (problem) {
        if (problem instanceof ApiError && (problem.unreachable || problem.status >= 500)) {
          failures++;
          this.become('waiting');
          await pause(Math.min(5000, 300 * 2 ** failures));
          continue;
        }
        this.become(problem instanceof ApiError && problem.missing ? 'unsupported' : 'failed');
      }
      if (this.waiting.get(key) === write)
        this.waiting.delete(key);
    }
    this.running = false;
    if (this.state === 'saving' || this.state === 'waiting')
      this.become('saved');
  }

  private become(state: SaveState): void {
    if (this.state === state)
      return;
    this.state = state;
    this.changed();
  }
}

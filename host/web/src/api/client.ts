/** A refusal of the host, with its code; `status` 0 means that the host was not reached. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly code: string | null = null,
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }

  get unreachable(): boolean {
    return this.status === 0;
  }

  /** The endpoint belongs to a part that this host does not have. */
  get missing(): boolean {
    return this.status === 404 && (this.code === 'not_found' || this.code === null);
  }
}

export async function send(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (problem) {
    if (init.signal?.aborted)
      throw problem;
    throw new ApiError('Tandem cannot be reached.', 0);
  }
  if (!response.ok)
    throw await errorOf(response);
  return response;
}

export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await (await send(path, { signal })).json()) as T;
}

export async function sendJson<T>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown, keepalive = false): Promise<T> {
  const response = await send(path, {
    method,
    keepalive,
    ...(body === undefined && method !== 'POST' ? {} : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body ?? {}) }),
  });
  const text = await response.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

/** Path segment of a model key, which has slashes of its own. */
export const segment = (key: string): string => encodeURIComponent(key);

async function errorOf(response: Response): Promise<ApiError> {
  const retryAfter = Number(response.headers.get('Retry-After')) || null;
  try {
    const { error } = (await response.json()) as { error: { message: string; code: string | null } };
    return new ApiError(error.message, response.status, error.code, retryAfter);
  } catch {
    return new ApiError(`${response.status} ${response.statusText}`.trim(), response.status, null, retryAfter);
  }
}

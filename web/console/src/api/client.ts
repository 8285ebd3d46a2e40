import type { Problem } from './types'

/** Every call that did not succeed ends as one of these; status 0 means no answer at all. */
export class ApiError extends Error {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.title)
    this.problem = problem
  }

  get status(): number {
    return this.problem.status
  }
}

export interface CallOptions {
  /** Repeating a call with the same key does nothing twice. */
  idempotencyKey?: string
  contentType?: string
  signal?: AbortSignal
}

type Method = 'GET' | 'POST' | 'DELETE'

let serverAheadMs = 0

/** Server time in ms: ages stay right on a computer whose clock is wrong. */
export function serverNow(): number {
  return Date.now() + serverAheadMs
}

function noteServerTime(response: Response): void {
  const date = response.headers.get('date')
  if (!date) return
  // The header has whole seconds; a difference within its precision is not a difference.
  const aheadMs = Date.parse(date) + 500 - Date.now()
  if (Number.isNaN(aheadMs)) return
  serverAheadMs = Math.abs(aheadMs) < 1500 ? 0 : aheadMs
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    const body = (await response.json()) as Partial<Problem>
    return { ...body, title: body.title ?? response.statusText, status: response.status }
  } catch {
    return { title: response.statusText || String(response.status), status: response.status }
  }
}

export async function call<T>(
  method: Method,
  path: string,
  body?: unknown,
  options: CallOptions = {},
): Promise<T> {
  const headers: Record<string, string> = { accept: 'application/json' }
  const contentType = options.contentType ?? 'application/json'
  if (method !== 'GET') headers['x-wattle-request'] = '1'
  if (body !== undefined) headers['content-type'] = contentType
  if (options.idempotencyKey) headers['idempotency-key'] = options.idempotencyKey

  let response: Response
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      headers,
      credentials: 'same-origin',
      body: body === undefined ? null : contentType === 'application/json' ? JSON.stringify(body) : String(body),
      signal: options.signal ?? null,
    })
  } catch (cause) {
    if (options.signal?.aborted) throw cause
    throw new ApiError({ title: 'no connection', title_zh: '连接不上服务器', status: 0 })
  }
  noteServerTime(response)
  if (!response.ok) throw new ApiError(await problemOf(response))
  if (response.status === 204) return undefined as T
  return (await response.json()) as T
}

/** A key for Idempotency-Key. randomUUID needs a secure page; sites often serve plain HTTP inside. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

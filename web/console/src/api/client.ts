import { learnChinese } from './chinese'
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
  /** The version that was looked at, an ETag: another one since then is a 412. */
  ifMatch?: string
}

/** An answer and its ETag, which an edit sends back as `ifMatch`. */
export interface Versioned<T> {
  body: T
  etag: string
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

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

async function send(method: Method, path: string, body: unknown, options: CallOptions): Promise<Response> {
  const headers: Record<string, string> = { accept: 'application/json' }
  const contentType = options.contentType ?? 'application/json'
  if (method !== 'GET') headers['x-wattle-request'] = '1'
  if (body !== undefined) headers['content-type'] = contentType
  if (options.idempotencyKey) headers['idempotency-key'] = options.idempotencyKey
  if (options.ifMatch) headers['if-match'] = options.ifMatch

  let response: Response
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      headers,
      credentials: 'same-origin',
      body: body === undefined ? null : contentType === 'application/json' ? JSON.stringify(body) : (body as BodyInit),
      signal: options.signal ?? null,
    })
  } catch (cause) {
    if (options.signal?.aborted) throw cause
    throw new ApiError({ title: 'no connection', title_zh: '连接不上服务器', status: 0 })
  }
  noteServerTime(response)
  if (response.ok) return response
  if (response.status === 401 || response.status === 403) refused?.()
  const problem = await problemOf(response)
  if (problem.detail) await learnChinese()
  throw new ApiError(problem)
}

let refused: (() => void) | undefined

/** Called at each 401 and 403: the session ended, or rights were taken away meanwhile. */
export function onRefused(listener: () => void): void {
  refused = listener
}

export async function call<T>(method: Method, path: string, body?: unknown, options: CallOptions = {}): Promise<T> {
  const response = await send(method, path, body, options)
  return response.status === 204 ? (undefined as T) : ((await response.json()) as T)
}

/** GET of JSON objects, one per line, each as soon as it is there. */
export async function callLines<T>(path: string, signal: AbortSignal, each: (line: T) => void): Promise<void> {
  const response = await send('GET', path, undefined, { signal })
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    const lines = (rest + part.value).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line) each(JSON.parse(line) as T)
  }
}

/** GET of what will be edited. */
export async function callVersioned<T>(path: string, options: CallOptions = {}): Promise<Versioned<T>> {
  const response = await send('GET', path, undefined, options)
  return { body: (await response.json()) as T, etag: response.headers.get('etag') ?? '' }
}

/** Query text of what is set; empty and undefined ones are left out. */
export function queryText(values: Record<string, string | number | boolean | null | undefined>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== null && value !== '') query.set(name, String(value))
  }
  const text = query.toString()
  return text ? `?${text}` : ''
}

/** A key for Idempotency-Key. randomUUID needs a secure page; sites often serve plain HTTP inside. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** The `ifMatch` of an object that carries its version; 0: nothing of this level is there yet. */
export const versionTag = (version: number): string => `"v${version}"`

/** GET of what is a text for people. */
export async function callText(path: string, options: CallOptions = {}): Promise<string> {
  return (await send('GET', path, undefined, options)).text()
}

const pad = (value: number): string => String(value).padStart(2, '0')

export function clock(ms: number): string {
  const at = new Date(ms)
  return `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`
}

export function clockMs(ms: number): string {
  return `${clock(ms)}.${String(new Date(ms).getMilliseconds()).padStart(3, '0')}`
}

export function dateOf(ms: number): string {
  const at = new Date(ms)
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`
}

/** The time alone for today, else with its date. */
export function moment(ms: number, nowMs: number): string {
  return dateOf(ms) === dateOf(nowMs) ? clock(ms) : `${dateOf(ms)} ${clock(ms)}`
}

export interface Span {
  unit: 'second' | 'minute' | 'hour' | 'day'
  count: number
}

/** A duration in the largest unit that is at least one; the words are the locale's. */
export function span(ms: number): Span {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 60) return { unit: 'second', count: seconds }
  if (seconds < 3600) return { unit: 'minute', count: Math.floor(seconds / 60) }
  if (seconds < 86400) return { unit: 'hour', count: Math.floor(seconds / 3600) }
  return { unit: 'day', count: Math.floor(seconds / 86400) }
}

/** Between two moments of one chain: "+0.084 s". */
export function step(ms: number): string {
  return `+${(Math.max(0, ms) / 1000).toFixed(ms < 10_000 ? 3 : 1)} s`
}

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

/** The civil midnight that begins a day, as the API takes it. */
export function midnight(day: string, offset_min: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) - offset_min * MINUTE_MS).toISOString().replace('.000Z', 'Z')
}

/** The civil day of an instant, and days from it. */
export function civilDay(ms: number, offset_min: number, from_it = 0): string {
  return new Date(ms + offset_min * MINUTE_MS + from_it * DAY_MS).toISOString().slice(0, 10)
}

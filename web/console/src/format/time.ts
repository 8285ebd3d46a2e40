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

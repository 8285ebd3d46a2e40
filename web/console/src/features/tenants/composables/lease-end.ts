const DAY_MS = 86_400_000

/** Civil days from one date to another: 2026-11-24 to 2026-11-26 are 2. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / DAY_MS)
}

/** The civil date at a place, by its offset from UTC. */
export function civilDate(ms: number, offsetMin: number): string {
  return new Date(ms + offsetMin * 60_000).toISOString().slice(0, 10)
}

/** Days a running lease still has, its last one included; null: nobody needs to be reminded yet. */
export function daysLeft(end: string | null, today: string, remindDays: number): number | null {
  if (!end) return null
  const days = daysBetween(today, end)
  return days >= 0 && days <= remindDays ? days : null
}

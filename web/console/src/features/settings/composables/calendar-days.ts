import type { CalendarDay } from '@/api/types'

export const BRUSHES = ['holiday', 'workday', 'cut_free', 'clear'] as const
export type Brush = (typeof BRUSHES)[number]

const byDate = (a: CalendarDay, b: CalendarDay): number => (a.date < b.date ? -1 : 1)

/** A mark set again goes away; holiday and make-up working day exclude each other, cut-free goes with both. */
function painted(day: CalendarDay, brush: Brush): CalendarDay {
  if (brush === 'cut_free') return { ...day, cut_free: !day.cut_free }
  if (brush === 'clear') return { date: day.date, kind: 'plain' }
  return { ...day, kind: day.kind === brush ? 'plain' : brush }
}

const says = (day: CalendarDay): boolean => day.kind !== 'plain' || !!day.cut_free

/** The days after one of them was painted; `name` is given to a day that had none. */
export function paint(days: readonly CalendarDay[], date: string, brush: Brush, name = ''): CalendarDay[] {
  const before = days.find((day) => day.date === date) ?? { date, kind: 'plain' as const }
  const after = painted(before, brush)
  const others = days.filter((day) => day.date !== date)
  if (!says(after)) return [...others]
  const named = after.name || !name.trim() ? after : { ...after, name: name.trim() }
  return [...others, named].sort(byDate)
}

export const rename = (days: readonly CalendarDay[], date: string, name: string): CalendarDay[] =>
  days.map((day) => (day.date === date ? { ...day, name } : day))

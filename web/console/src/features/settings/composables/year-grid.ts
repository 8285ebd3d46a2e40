export interface GridDay {
  /** 2026-11-24 */
  date: string
  day: number
  weekend: boolean
}

export interface GridMonth {
  month: number
  /** Days of the week before the first, from Monday. */
  blanks: number
  days: GridDay[]
}

const pad = (value: number, digits = 2): string => String(value).padStart(digits, '0')

/** Twelve months of civil days; no clock or zone is asked. */
export function yearGrid(year: number): GridMonth[] {
  return Array.from({ length: 12 }, (_, index) => {
    const count = new Date(Date.UTC(year, index + 1, 0)).getUTCDate()
    const first = (new Date(Date.UTC(year, index, 1)).getUTCDay() + 6) % 7
    const days = Array.from({ length: count }, (_unused, i) => ({
      date: `${pad(year, 4)}-${pad(index + 1)}-${pad(i + 1)}`,
      day: i + 1,
      weekend: (first + i) % 7 >= 5,
    }))
    return { month: index + 1, blanks: first, days }
  })
}

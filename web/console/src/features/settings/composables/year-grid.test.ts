import { describe, expect, it } from 'vitest'
import { yearGrid } from './year-grid'

describe('the year as a grid', () => {
  it('begins each month on its weekday, from Monday', () => {
    const [january, february] = yearGrid(2026)
    expect(january!.blanks).toBe(3) // 1 January 2026 is a Thursday
    expect(january!.days[0]).toEqual({ date: '2026-01-01', day: 1, weekend: false })
    expect(january!.days[2]!.weekend).toBe(true)
    expect(february!.days).toHaveLength(28)
  })
  it('knows leap years', () => {
    expect(yearGrid(2028)[1]!.days.at(-1)!.date).toBe('2028-02-29')
    expect(yearGrid(2100)[1]!.days).toHaveLength(28)
  })
})

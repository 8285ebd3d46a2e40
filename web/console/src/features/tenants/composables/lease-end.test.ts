import { describe, expect, it } from 'vitest'
import { civilDate, daysBetween, daysLeft } from './lease-end'

describe('the end of a lease', () => {
  it('counts civil days, also over the end of a year', () => {
    expect(daysBetween('2026-12-30', '2027-01-02')).toBe(3)
    expect(daysBetween('2026-11-24', '2026-11-24')).toBe(0)
  })
  it('is near from the day of the reminder to the last day', () => {
    expect(daysLeft('2026-12-24', '2026-11-24', 30)).toBe(30)
    expect(daysLeft('2026-12-25', '2026-11-24', 30)).toBeNull()
    expect(daysLeft('2026-11-24', '2026-11-24', 30)).toBe(0)
    expect(daysLeft('2026-11-23', '2026-11-24', 30)).toBeNull()
    expect(daysLeft(null, '2026-11-24', 30)).toBeNull()
  })
  it('is of the day at the property, not of the browser', () => {
    const evening = Date.UTC(2026, 10, 24, 17, 0)
    expect(civilDate(evening, 480)).toBe('2026-11-25')
    expect(civilDate(evening, -300)).toBe('2026-11-24')
  })
})

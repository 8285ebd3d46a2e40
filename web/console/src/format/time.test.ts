import { describe, expect, it } from 'vitest'
import { civilDay, clock, midnight, moment, span, step } from './time'

describe('span', () => {
  it('takes the largest unit that is at least one', () => {
    expect(span(59_999)).toEqual({ unit: 'second', count: 59 })
    expect(span(60_000)).toEqual({ unit: 'minute', count: 1 })
    expect(span(7_199_000)).toEqual({ unit: 'hour', count: 1 })
    expect(span(172_800_000)).toEqual({ unit: 'day', count: 2 })
  })
  it('is never negative', () => {
    expect(span(-5)).toEqual({ unit: 'second', count: 0 })
  })
})

describe('moment', () => {
  const noon = new Date(2026, 0, 2, 12, 0, 5).getTime()
  it('leaves today’s date out', () => {
    expect(moment(noon, noon + 1000)).toBe('12:00:05')
    expect(clock(noon)).toBe('12:00:05')
  })
  it('names another day', () => {
    expect(moment(noon, noon + 86_400_000)).toBe('2026-01-02 12:00:05')
  })
})

describe('step', () => {
  it('shows milliseconds while they matter', () => {
    expect(step(84)).toBe('+0.084 s')
    expect(step(12_340)).toBe('+12.3 s')
  })
})

describe('civil days', () => {
  it('begin at a civil midnight', () => {
    expect(midnight('2026-12-01', 480)).toBe('2026-11-30T16:00:00Z')
    expect(civilDay(Date.parse('2026-11-30T16:00:00Z'), 480)).toBe('2026-12-01')
    expect(civilDay(Date.parse('2026-11-30T15:59:59Z'), 480, 1)).toBe('2026-12-01')
  })
})

import { describe, expect, it } from 'vitest'
import { bandOf, breakSilence, readingsOf, withGaps } from './chart-points'

const gap = { from: new Date(2000).toISOString(), to: new Date(4000).toISOString() }

describe('gaps', () => {
  it('break the line in their middle', () => {
    expect(withGaps([[1000, 5], [5000, 6]], [gap])).toEqual([[1000, 5], [3000, null], [5000, 6]])
  })
  it('break the band at the same place', () => {
    expect(bandOf([], [gap])).toEqual([{ at: 3000, low: null, high: null }])
  })
})

describe('breakSilence', () => {
  it('does not draw a line over time in which nothing was heard', () => {
    expect(breakSilence([[0, 1], [1000, 2], [9000, 3]], 5000)).toEqual([[0, 1], [1000, 2], [1001, null], [9000, 3]])
  })
})

it('a curve of hours has a gap where an hour is missing', () => {
  const point = (hour: number) => ({
    at: new Date(hour * 3_600_000).toISOString(), readings: 60, voltage_min_dv: 2290, voltage_dv: 2300, voltage_max_dv: 2310, current_ma: 1000, current_max_ma: 2000,
    power_min_dw: 1, power_dw: 2, power_max_dw: 3, pf_min_permille: 990, energy_wh: hour,
  })
  const { items, gaps, readings } = readingsOf({ span_s: 3600, items: [point(0), point(1), point(3)] })
  expect(items.map(({ energy_wh }) => energy_wh)).toEqual([0, 1, 3])
  expect(gaps).toEqual([{ from: point(1).at, to: point(3).at }])
  expect(readings).toBe(180)
})

import { describe, expect, it } from 'vitest'
import { bandOf, breakSilence, withGaps } from './chart-points'

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

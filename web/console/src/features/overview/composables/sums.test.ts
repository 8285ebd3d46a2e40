import { describe, expect, it } from 'vitest'
import type { PropertyOverview } from '@/api/schema'
import { change, sumsOf } from './sums'

function property(more: Partial<PropertyOverview> = {}): PropertyOverview {
  const received = { received_fen: 1005, orders: 2, returned_fen: 5 }
  return {
    property: 'p1',
    name: '一号',
    group: '1',
    as_of: '2026-11-24T00:00:00Z',
    money: { today: received, month: { ...received, received_fen: 90071992547 }, credit_fen: 33, owed_fen: 1 },
    balances: { good: 3, alarm_1: 1, alarm_2: 0, overdraft: 0, grace: 0, cut: 2, lowest: [] },
    alarms: { urgent: 1, important: 0, notice: 2, unacknowledged: 3 },
    meters: 6,
    silent: [],
    silent_meters: 1,
    power: { now_w: 1200, meters: 5, yesterday_w: 1000, samples: [] },
    uses: [],
    waiting: { commands: 1, held_openings: 0, intervals: 2, differences: null, suspense: null, approvals: 1, leases: 0 },
    ...more,
  }
}

describe('sumsOf', () => {
  it('adds what is known, in whole fen and watts', () => {
    const sums = sumsOf([property(), property({ property: 'p2', money: null })])
    expect(sums.today).toEqual({ received_fen: 1005, orders: 2, returned_fen: 5 })
    expect(sums.month?.received_fen).toBe(90071992547)
    expect(sums.states).toEqual({ good: 6, alarm_1: 2, alarm_2: 0, overdraft: 0, grace: 0, cut: 4 })
    expect([sums.unacknowledged, sums.meters, sums.silent, sums.nowW, sums.yesterdayW]).toEqual([6, 12, 2, 2400, 2000])
    expect(sums.waiting).toEqual({ commands: 2, held_openings: 0, intervals: 4, differences: 0, suspense: 0, approvals: 2, leases: 0 })
  })
  it('knows no yesterday when one does not, and no money when nobody may see it', () => {
    const dark = property({ power: { now_w: 5, meters: 1, yesterday_w: null, samples: [] } })
    expect(sumsOf([property(), dark]).yesterdayW).toBeNull()
    expect(sumsOf([property(), { ...dark, meters: 0 }]).yesterdayW).toBe(1000)
    expect(sumsOf([]).yesterdayW).toBeNull()
    expect(sumsOf([property({ money: null, balances: null })])).toMatchObject({ today: null, month: null, states: null })
  })
})

describe('change', () => {
  it('is in tenths of a percent', () => {
    expect([change(1100, 1000), change(950, 1000), change(5, 0), change(5, null)]).toEqual([100, -50, null, null])
  })
})

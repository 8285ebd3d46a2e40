import { describe, expect, it } from 'vitest'
import type { Charge } from '@/api/schema'
import { daysLate, billLines } from './bill-lines'

const charge = (more: Partial<Charge>): Charge => ({
  meter: '330100000001', day: '2026-11-01', line: 0, tariff: { version: '7', code: 'house', name: '居民', valid_from: null }, rate: 1, step: 0,
  estimated: false, correction: false, allowance: null, from: null, to: null, from_units: 0, to_units: 1000, units: 1000, price_uy: 600_000, exact: 600_000_000_000, amount_fen: 60, group: '5', ...more,
})

describe('lines of a bill', () => {
  it('join days of one price and keep others apart', () => {
    const lines = billLines([charge({}), charge({ day: '2026-11-02', from_units: 1000, to_units: 3000, units: 2000, amount_fen: 120, estimated: true }), charge({ step: 1, price_uy: 650_000, units: 500, amount_fen: 33 })])
    expect(lines.map(({ step, from_units, to_units, units, amount_fen, estimated }) => ({ step, from_units, to_units, units, amount_fen, estimated }))).toEqual([
      { step: 0, from_units: 0, to_units: 3000, units: 3000, amount_fen: 180, estimated: true },
      { step: 1, from_units: 0, to_units: 1000, units: 500, amount_fen: 33, estimated: false },
    ])
  })

  it('of the open day count nothing yet', () => {
    expect(billLines([charge({ amount_fen: null, group: null })])[0]?.amount_fen).toBe(0)
  })

  it('are late from the civil day after the last one', () => {
    expect(daysLate('2026-11-10', Date.parse('2026-11-10T15:59:59Z'))).toBe(0)
    expect(daysLate('2026-11-10', Date.parse('2026-11-10T16:00:00Z'))).toBe(1)
    expect(daysLate('2026-11-20', Date.parse('2026-11-10T16:00:00Z'))).toBe(-9)
  })
})

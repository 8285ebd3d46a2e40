import { describe, expect, it } from 'vitest'
import { amountOf, amountText, unitOf } from './amount'

describe('amounts of allowances', () => {
  it('are yuan, kWh or m³, and integers of a smaller unit', () => {
    expect(amountOf({ kind: 'money' }, '12.5')).toBe(1250)
    expect(amountOf({ kind: 'energy' }, '12.5')).toBe(12500)
    expect(amountOf({ kind: 'money' }, '12.555')).toBeNull()
    expect(amountOf({ kind: 'energy' }, '-1')).toBeNull()
    expect(amountText({ kind: 'money' }, 1250)).toBe('12.50')
    expect(amountText({ kind: 'energy' }, 12500)).toBe('12.500')
    expect([unitOf({ kind: 'money', service: null }), unitOf({ kind: 'energy', service: 'electricity' }), unitOf({ kind: 'energy', service: 'water' })]).toEqual(['yuan', 'kwh', 'm3'])
  })
})

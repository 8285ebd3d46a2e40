import { describe, expect, it } from 'vitest'
import { newTerms, termsOf, withdrawal } from './terms'

describe('terms', () => {
  it('hold what belongs to their kind', () => {
    expect(termsOf(newTerms())).toEqual({ kind: 'pay-per-use' })
    expect(termsOf({ ...newTerms(), kind: 'monthly-fee', fee_fen: '80.5' })).toEqual({ kind: 'monthly-fee', fee_fen: 8050 })
    expect(termsOf({ ...newTerms(), kind: 'monthly-fee' })).toEqual({ kind: 'monthly-fee', fee_fen: -1 })
    expect(termsOf({ ...newTerms(), kind: 'postpaid', due_days: 'x' })).toEqual({ kind: 'postpaid', bill_day: 1, due_days: 0, overdue_trips: false })
  })

  it('that do not hold yet are taken back by their beginning', () => {
    expect(withdrawal({ kind: 'merged', from: '2026-11-30T16:00:00Z' }, 'r')).toEqual({ kind: 'merged', from: '2026-11-30T16:00:00Z', withdraw: true, reason: 'r' })
  })
})

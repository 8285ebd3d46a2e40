import type { TermsBody, TermsEdit } from '@/api/schema'
import { parseDecimal } from '@/format/number'

export const KINDS = ['pay-per-use', 'merged', 'monthly-fee', 'postpaid'] as const

/** Terms as they stand in a form. */
export interface TermsDraft {
  kind: (typeof KINDS)[number]
  fee_fen: string
  bill_day: string
  due_days: string
  overdue_trips: boolean
}

export const newTerms = (): TermsDraft => ({ kind: 'pay-per-use', fee_fen: '', bill_day: '1', due_days: '10', overdue_trips: false })

/** What of it belongs to its kind. A number that is none is sent as one that the server refuses by name. */
export function termsOf(draft: TermsDraft): TermsBody {
  const { kind } = draft
  if (kind === 'monthly-fee') return { kind, fee_fen: parseDecimal(draft.fee_fen, 2) ?? -1 }
  if (kind === 'postpaid')
    return { kind, bill_day: parseDecimal(draft.bill_day, 0) ?? 0, due_days: parseDecimal(draft.due_days, 0) ?? 0, overdue_trips: draft.overdue_trips }
  return { kind }
}

export const withdrawal = (terms: { kind: TermsBody['kind']; from: string | null }, reason: string): TermsEdit => ({
  kind: terms.kind,
  ...(terms.from && { from: terms.from }),
  withdraw: true,
  reason,
})

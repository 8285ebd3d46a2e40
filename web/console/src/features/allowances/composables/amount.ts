import type { Allowance } from '@/api/schema'
import { decimal, parseDecimal } from '@/format/number'

type What = Pick<Allowance, 'kind'>

/** Money in fen with two decimals of a yuan; energy and water in Wh and litres with three of a kWh or m³. */
const scaleOf = ({ kind }: What): number => (kind === 'money' ? 2 : 3)

export const amountText = (what: What, amount: number): string => decimal(amount, scaleOf(what))

/** null: no amount. */
export function amountOf(what: What, text: string): number | null {
  const amount = parseDecimal(text, scaleOf(what))
  return amount === null || amount < 0 ? null : amount
}

/** The text that names its unit. */
export const unitOf = (what: { kind: 'energy' | 'money'; service: 'electricity' | 'water' | null }): 'yuan' | 'kwh' | 'm3' =>
  what.kind === 'money' ? 'yuan' : what.service === 'water' ? 'm3' : 'kwh'

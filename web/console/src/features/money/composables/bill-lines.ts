import type { Charge } from '@/api/schema'

/** What one meter used at one price of one tariff in a period. */
export interface UseLine {
  key: string
  meter: string
  tariff: string
  line: number
  rate: number
  step: number
  price_uy: number
  estimated: boolean
  from_units: number
  to_units: number
  units: number
  amount_fen: number
}

/** Charges of days as lines of a bill, in the order of meter, tariff, line, rate and step. Sums of integers, nothing is priced here. */
export function billLines(charges: readonly Charge[]): UseLine[] {
  const lines = new Map<string, UseLine>()
  for (const charge of charges) {
    const version = charge.tariff?.version ?? ''
    const key = [charge.meter, version, charge.line, charge.rate, charge.step, charge.price_uy].join('/')
    const line = lines.get(key)
    if (line) {
      line.from_units = Math.min(line.from_units, charge.from_units)
      line.to_units = Math.max(line.to_units, charge.to_units)
      line.units += charge.units
      line.amount_fen += charge.amount_fen ?? 0
      line.estimated ||= charge.estimated
    } else {
      const { meter, rate, step, price_uy, estimated, from_units, to_units, units } = charge
      lines.set(key, { key, meter, tariff: charge.tariff?.name ?? '', line: charge.line, rate, step, price_uy, estimated, from_units, to_units, units, amount_fen: charge.amount_fen ?? 0 })
    }
  }
  return [...lines.values()].sort((a, b) => a.meter.localeCompare(b.meter) || a.line - b.line || a.tariff.localeCompare(b.tariff) || a.rate - b.rate || a.step - b.step)
}

const DAY_MS = 86_400_000
const CHINA_MS = 8 * 3_600_000

/** Civil days since the last day in time; 0 or less: not late. */
export function daysLate(due: string, now_ms: number, offset_ms = CHINA_MS): number {
  return Math.floor((now_ms + offset_ms) / DAY_MS) - Date.parse(due) / DAY_MS
}

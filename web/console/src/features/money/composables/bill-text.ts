import type { NewBillLine } from '@/api/schema'
import { parseDecimal } from '@/format/number'

/** The columns of a provider's or a bank's list, in the order in which they stand where no heading says otherwise. */
export const BILL_COLUMNS = ['number', 'order_number', 'amount', 'paid_at', 'payer', 'refunded'] as const
type Column = (typeof BILL_COLUMNS)[number]

/** What else a heading may say. */
const HEADINGS: Record<string, Column> = {
  流水号: 'number', 交易号: 'number', 单号: 'number', number: 'number',
  订单号: 'order_number', 商户订单号: 'order_number', order_number: 'order_number', order: 'order_number',
  金额: 'amount', '金额(元)': 'amount', 订单金额: 'amount', amount: 'amount',
  时间: 'paid_at', 付款时间: 'paid_at', 交易时间: 'paid_at', paid_at: 'paid_at', time: 'paid_at',
  付款人: 'payer', 对方户名: 'payer', payer: 'payer',
  已退款: 'refunded', refunded: 'refunded',
}
const YES = ['是', '已退款', 'true', 'yes', '1']

export interface BillFault {
  row: number
  column: Column
}

export interface BillText {
  lines: NewBillLine[]
  faults: BillFault[]
}

/** One line of CSV or of what a table copies: quotes, doubled quotes, tabs. Leading marks that keep digits a text are taken off. */
export function cells(line: string): string[] {
  const separator = line.includes('\t') ? '\t' : ','
  const found: string[] = []
  let at = 0
  while (at <= line.length) {
    let cell = ''
    if (line[at] === '"') {
      at += 1
      while (at < line.length && (line[at] !== '"' || line[at + 1] === '"')) {
        cell += line[at]
        at += line[at] === '"' ? 2 : 1
      }
      at = line.indexOf(separator, at)
      if (at < 0) at = line.length
    } else {
      const end = line.indexOf(separator, at)
      cell = line.slice(at, end < 0 ? undefined : end)
      at = end < 0 ? line.length : end
    }
    found.push(cell.replace(/^[\s`']+|\s+$/g, ''))
    at += 1
  }
  return found
}

/** "2026-11-24 12:30:05" of the property's civil time, or with a zone of its own; null: no time. */
function timeOf(text: string, offset_min: number): string | null {
  const match = /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?)?(Z|[+-]\d{2}:\d{2})?$/.exec(text)
  if (!match) return null
  const [, year, month, day, hour = '0', minute = '0', second = '0', zone] = match
  const pad = (part: string): string => part.padStart(2, '0')
  const ms = Date.parse(`${year}-${pad(month!)}-${pad(day!)}T${pad(hour)}:${pad(minute)}:${pad(second)}${zone ?? 'Z'}`)
  if (Number.isNaN(ms)) return null
  return new Date(zone ? ms : ms - offset_min * 60_000).toISOString().replace('.000Z', 'Z')
}

export function readBill(text: string, offset_min: number): BillText {
  const rows = text.replace(/^\ufeff/, '').split(/\r?\n/)
  const result: BillText = { lines: [], faults: [] }
  let columns: (Column | undefined)[] = [...BILL_COLUMNS]
  let begun = false
  for (const [index, row] of rows.entries()) {
    if (!row.trim()) continue
    const values = cells(row)
    if (!begun) {
      begun = true
      const named = values.map((value) => HEADINGS[value.toLowerCase()])
      if (named.includes('number') && named.includes('amount')) {
        columns = named
        continue
      }
    }
    const of = (column: Column): string => values[columns.indexOf(column)] ?? ''
    const fen = parseDecimal(of('amount').replace(/^¥/, ''), 2)
    const paid_at = timeOf(of('paid_at'), offset_min)
    if (!/^[!-~]{1,64}$/.test(of('number'))) result.faults.push({ row: index + 1, column: 'number' })
    if (!fen || fen < 1) result.faults.push({ row: index + 1, column: 'amount' })
    if (!paid_at) result.faults.push({ row: index + 1, column: 'paid_at' })
    if (fen && paid_at)
      result.lines.push({
        number: of('number'),
        amount_fen: fen,
        paid_at,
        ...(of('order_number') && { order_number: of('order_number') }),
        ...(of('payer') && { payer: of('payer').slice(0, 32) }),
        ...(YES.includes(of('refunded').toLowerCase()) && { refunded: true }),
      })
  }
  return result
}

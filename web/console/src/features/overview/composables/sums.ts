// Figures of several properties as those of one. All are integers of one unit, so adding is exact.
import type { OverviewReceived, PropertyOverview } from '@/api/schema'

export interface Sums {
  today: OverviewReceived | null
  month: OverviewReceived | null
  creditFen: number
  owedFen: number
  states: Record<'good' | 'alarm_1' | 'alarm_2' | 'overdraft' | 'grace' | 'cut', number> | null
  urgent: number
  important: number
  notice: number
  unacknowledged: number
  meters: number
  silent: number
  nowW: number
  /** null: of one of them nobody knows it. */
  yesterdayW: number | null
  waiting: Record<keyof PropertyOverview['waiting'], number>
}

const nothing = (): OverviewReceived => ({ received_fen: 0, orders: 0, returned_fen: 0 })

function add(to: OverviewReceived, more: OverviewReceived): void {
  to.received_fen += more.received_fen
  to.orders += more.orders
  to.returned_fen += more.returned_fen
}

export function sumsOf(items: readonly PropertyOverview[]): Sums {
  const sums: Sums = {
    today: null,
    month: null,
    creditFen: 0,
    owedFen: 0,
    states: null,
    urgent: 0,
    important: 0,
    notice: 0,
    unacknowledged: 0,
    meters: 0,
    silent: 0,
    nowW: 0,
    yesterdayW: items.length > 0 ? 0 : null,
    waiting: { commands: 0, held_openings: 0, intervals: 0, differences: 0, suspense: 0, approvals: 0, leases: 0 },
  }
  for (const item of items) {
    if (item.money) {
      add((sums.today ??= nothing()), item.money.today)
      add((sums.month ??= nothing()), item.money.month)
      sums.creditFen += item.money.credit_fen
      sums.owedFen += item.money.owed_fen
    }
    if (item.balances) {
      sums.states ??= { good: 0, alarm_1: 0, alarm_2: 0, overdraft: 0, grace: 0, cut: 0 }
      for (const key of Object.keys(sums.states) as (keyof NonNullable<Sums['states']>)[]) sums.states[key] += item.balances[key]
    }
    sums.urgent += item.alarms.urgent
    sums.important += item.alarms.important
    sums.notice += item.alarms.notice
    sums.unacknowledged += item.alarms.unacknowledged
    sums.meters += item.meters
    sums.silent += item.silent_meters
    sums.nowW += item.power.now_w
    // A property without meters has no yesterday to know.
    if (item.power.yesterday_w === null && item.meters > 0) sums.yesterdayW = null
    else if (sums.yesterdayW !== null) sums.yesterdayW += item.power.yesterday_w ?? 0
    for (const key of Object.keys(sums.waiting) as (keyof Sums['waiting'])[]) sums.waiting[key] += item.waiting[key] ?? 0
  }
  return sums
}

/** now − before in tenths of a percent of before; null: nothing to compare with. */
export function change(now: number, before: number | null): number | null {
  return before ? Math.round(((now - before) * 1000) / Math.abs(before)) : null
}

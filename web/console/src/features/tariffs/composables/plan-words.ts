// A plan in sentences: what it costs, what changes against another one, and what tenants are told of it.
import type { TariffPlan, TariffPrice, TariffService, TariffSteps } from '@/api/schema'
import { money } from '@/format/number'
import { amountText, canonical, dateText, priceText } from './plan-model'

/** t() of one language. */
export type Say = (key: string, values?: Record<string, string | number>) => string

export const NOTICE_MAX = 500

export const rateName = (rates: readonly TariffPrice[], index: number, say: Say): string =>
  rates[index]?.name || (rates.length > 1 ? say('tariffs.rate_n', { n: index + 1 }) : say('tariffs.one_price'))

const unit = (service: TariffService, say: Say): string => say(service === 'water' ? 'tariffs.per_m3' : 'tariffs.per_kwh')
const amountUnit = (service: TariffService): string => (service === 'water' ? 'm³' : 'kWh')

/** "谷 0.3000 · 峰 0.9800 元/kWh" */
export function pricesText(plan: TariffPlan, service: TariffService, say: Say): string {
  const named = plan.rates.length > 1
  const prices = plan.rates.map((rate, index) => `${named ? `${rateName(plan.rates, index, say)} ` : ''}${priceText(rate.price_uy)}`)
  return `${prices.join(' · ')} ${unit(service, say)}`
}

/** What else there is beside the prices, in a few words. */
export function extrasOf(plan: TariffPlan, say: Say): string[] {
  return [
    plan.steps ? say('tariffs.has_steps', { n: plan.steps.thresholds.length + 1 }) : '',
    ...(plan.lines ?? []).map((line, index) => `${line.name || say('tariffs.line_n', { n: index + 1 })} ${priceText(line.price_uy)}`),
    plan.fee_fen ? say('tariffs.has_fee', { fee: money(plan.fee_fen) }) : '',
    plan.minimum_fen ? say('tariffs.has_minimum', { fee: money(plan.minimum_fen) }) : '',
  ].filter(Boolean)
}

/** Each step as "0–2880 kWh: +0.0000". */
export function stepLines(steps: TariffSteps, service: TariffService, say: Say): string[] {
  const sum = (steps.combine ?? 'sum') === 'sum'
  const values = (sum ? steps.prices_uy : steps.factors_ppm) ?? []
  return values.map((value, index) => {
    const low = index === 0 ? '0' : amountText(steps.thresholds[index - 1]!)
    const high = steps.thresholds[index]
    const span = high === undefined ? say('tariffs.step_above', { low, unit: amountUnit(service) }) : say('tariffs.step_span', { low, high: amountText(high), unit: amountUnit(service) })
    return `${span} ${sum ? '+' : '×'}${priceText(value)}`
  })
}

export function settleText(steps: TariffSteps, say: Say): string {
  const settle = steps.settle ?? []
  if (settle.length === 0) return say(steps.unsettled === 'monthly' ? 'tariffs.settles_monthly' : 'tariffs.settles_never')
  const dates = settle.map(({ month, day }) => (month ? dateText({ month, day }) : say('tariffs.each_month', { day })))
  return say('tariffs.settles', { dates: dates.join(' · ') })
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a ?? null) === JSON.stringify(b ?? null)

function priceChanges(old: readonly TariffPrice[], next: readonly TariffPrice[], service: TariffService, say: Say, name: (list: readonly TariffPrice[], index: number) => string): string[] {
  const lines: string[] = []
  for (let index = 0; index < Math.max(old.length, next.length); index += 1) {
    const [from, to] = [old[index], next[index]]
    if (from && to && from.price_uy === to.price_uy && from.name === to.name) continue
    const values = { name: name(to ? next : old, index), from: from ? priceText(from.price_uy) : '', to: to ? priceText(to.price_uy) : '', unit: unit(service, say) }
    lines.push(say(!from ? 'tariffs.change_new' : !to ? 'tariffs.change_gone' : from.price_uy === to.price_uy ? 'tariffs.change_name' : 'tariffs.change_price', values))
  }
  return lines
}

/** What is otherwise than in `before`; null: there was no price before. */
export function changesOf(before: TariffPlan | null, after: TariffPlan, service: TariffService, say: Say): string[] {
  if (!before) return [pricesText(after, service, say), ...extrasOf(after, say)]
  const [old, next] = [canonical(before), canonical(after)]
  const lineName = (list: readonly TariffPrice[], index: number): string => list[index]?.name || say('tariffs.line_n', { n: index + 1 })
  const lines = [
    // With another number of rates it is another scheme: its prices are told as they are.
    ...(old.rates.length === next.rates.length
      ? priceChanges(old.rates, next.rates, service, say, (list, index) => rateName(list, index, say))
      : [`${pricesText(old, service, say)} → ${pricesText(next, service, say)}`]),
    ...priceChanges(old.lines ?? [], next.lines ?? [], service, say, lineName),
  ]
  if (!same([old.calendar, old.next_calendar, old.holidays], [next.calendar, next.next_calendar, next.holidays])) lines.push(say('tariffs.change_hours'))
  if (!same(old.steps, next.steps))
    lines.push(next.steps ? say('tariffs.change_steps', { steps: stepLines(next.steps, service, say).join(' / ') }) : say('tariffs.change_no_steps'))
  if ((old.fee_fen ?? 0) !== (next.fee_fen ?? 0)) lines.push(say('tariffs.change_fee', { from: money(old.fee_fen ?? 0), to: money(next.fee_fen ?? 0) }))
  if ((old.minimum_fen ?? 0) !== (next.minimum_fen ?? 0))
    lines.push(say('tariffs.change_minimum', { from: money(old.minimum_fen ?? 0), to: money(next.minimum_fen ?? 0) }))
  return lines
}

/** What tenants are told, in each of the languages, as far as it fits; the first one always stands whole. */
export function noticeText(old: TariffPlan | null, next: TariffPlan, service: TariffService, from: string, languages: readonly Say[]): string {
  const texts = languages.map((say) => {
    const changes = changesOf(old, next, service, say)
    return say(service === 'water' ? 'tariffs.notice_water' : 'tariffs.notice_electricity', { from, changes: changes.join(say('tariffs.notice_joint')) })
  })
  const whole = texts.join('\n\n')
  return whole.length <= NOTICE_MAX ? whole : (texts[0] ?? '').slice(0, NOTICE_MAX)
}

// A plan as it stands in the fields of the editor: prices as typed, times in minutes of the day. What it means is
// docs/protocol/tariff.md; whether it holds together, the server says, and here only what can be said while typing.
import type { TariffHoliday, TariffPlan, TariffPrice, TariffSettlement, TariffSteps, TariffZone } from '@/api/schema'
import { decimal, parseDecimal } from '@/format/number'

export const DAY_MIN = 1440
export const SLOT_MIN = 15
export const SLOTS_MAX = 14

export interface PriceModel {
  name: string
  price: string
}

export interface SlotModel {
  from: number
  rate: number
}

export interface StepModel {
  /** kWh or m³, included; '' in the last one */
  upTo: string
  /** yuan that are added, or a factor */
  value: string
}

export interface StepsModel {
  combine: 'sum' | 'factor'
  rows: StepModel[]
  settle: TariffSettlement[]
  unsettled: 'free' | 'monthly'
}

export interface PlanModel {
  rates: PriceModel[]
  /** Each a day table; none: the first rate always holds. */
  tables: SlotModel[][]
  zones: TariffZone[]
  holidays: TariffHoliday[]
  steps: StepsModel | null
  lines: PriceModel[]
  fee: string
  minimum: string
  /** Kept as it came: the editor shows that it is there. */
  next: TariffPlan['next_calendar'] | null
}

/** Micro-yuan in yuan, four decimals or as many as it needs. */
export function priceText(uy: number): string {
  return decimal(uy, 6).replace(/(\.\d{4}\d*?)0+$/, '$1').replaceAll(',', '')
}

/** Thousandths without the zeros at their end. */
export function amountText(thousandths: number): string {
  return decimal(thousandths, 3).replace(/\.?0+$/, '').replaceAll(',', '')
}

export const timeText = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`

/** Minutes of "07:30"; null: no time. */
export function minuteOf(text: string): number | null {
  const match = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text)
  return match ? Number(match[1]) * 60 + Number(match[2]) : null
}

const priceModel = ({ name, price_uy }: TariffPrice): PriceModel => ({ name: name ?? '', price: priceText(price_uy) })
const fenText = (fen: number | undefined): string => (fen ? decimal(fen, 2).replaceAll(',', '') : '')

function stepsModel(steps: TariffSteps): StepsModel {
  const combine = steps.combine ?? 'sum'
  const values = (combine === 'sum' ? steps.prices_uy : steps.factors_ppm) ?? []
  return {
    combine,
    rows: values.map((value, index) => ({ upTo: index < steps.thresholds.length ? amountText(steps.thresholds[index]!) : '', value: priceText(value) })),
    settle: (steps.settle ?? []).map((one) => ({ ...one })),
    unsettled: steps.unsettled ?? 'free',
  }
}

export function modelOf(plan: TariffPlan): PlanModel {
  return {
    rates: plan.rates.map(priceModel),
    tables: (plan.calendar?.tables ?? []).map(({ slots }) => slots.map(({ from, rate }) => ({ from: minuteOf(from) ?? 0, rate }))),
    zones: (plan.calendar?.zones ?? []).map((zone) => ({ ...zone })),
    holidays: (plan.holidays ?? []).map((day) => ({ ...day })),
    steps: plan.steps ? stepsModel(plan.steps) : null,
    lines: (plan.lines ?? []).map(priceModel),
    fee: fenText(plan.fee_fen),
    minimum: fenText(plan.minimum_fen),
    next: plan.next_calendar?.from ? plan.next_calendar : null,
  }
}

export const emptyModel = (): PlanModel => modelOf({ rates: [{ name: '', price_uy: 0 }] })

/** A reading of the fields: the plan, or at which of them something is no number. */
export interface PlanRead {
  plan: TariffPlan | null
  /** 'rates.2.price': the key of what is wrong */
  faults: string[]
}

export function readModel(model: PlanModel): PlanRead {
  const faults: string[] = []
  const number = (text: string, scale: number, key: string, empty?: number): number => {
    if (!text.trim() && empty !== undefined) return empty
    const value = parseDecimal(text, scale)
    if (value === null || value < 0) faults.push(key)
    return value ?? 0
  }
  const price = (list: string) => (one: PriceModel, index: number): TariffPrice => ({
    ...(one.name.trim() && { name: one.name.trim() }),
    price_uy: number(one.price, 6, `${list}.${index}.price`),
  })
  const plan: TariffPlan = { rates: model.rates.map(price('rates')) }
  if (model.tables.length > 0)
    plan.calendar = {
      tables: model.tables.map((slots) => ({ slots: [...slots].sort((a, b) => a.from - b.from).map(({ from, rate }) => ({ from: timeText(from), rate })) })),
      zones: [...model.zones].sort((a, b) => a.month - b.month || a.day - b.day),
    }
  if (model.next) plan.next_calendar = model.next
  if (model.holidays.length > 0) plan.holidays = model.holidays
  if (model.steps) plan.steps = readSteps(model.steps, number)
  if (model.lines.length > 0) plan.lines = model.lines.map(price('lines'))
  const fee = number(model.fee, 2, 'fee', 0)
  const minimum = number(model.minimum, 2, 'minimum', 0)
  if (fee) plan.fee_fen = fee
  if (minimum) plan.minimum_fen = minimum
  model.tables.forEach((slots, index) => tightSlots(slots).forEach((slot) => faults.push(`tables.${index}.${slot}`)))
  return { plan: faults.length > 0 ? null : plan, faults }
}

/** As the editor writes it: what was left out and what says the same are not different. */
export const canonical = (plan: TariffPlan): TariffPlan => readModel(modelOf(plan)).plan ?? plan

function readSteps(steps: StepsModel, number: (text: string, scale: number, key: string) => number): TariffSteps {
  const values = steps.rows.map(({ value }, index) => number(value, 6, `steps.${index}.value`))
  return {
    thresholds: steps.rows.slice(0, -1).map(({ upTo }, index) => number(upTo, 3, `steps.${index}.upTo`)),
    combine: steps.combine,
    ...(steps.combine === 'sum' ? { prices_uy: values } : { factors_ppm: values }),
    ...(steps.settle.length > 0 ? { settle: steps.settle } : { unsettled: steps.unsettled }),
  }
}

/** Slots that begin less than a quarter of an hour after the one before them, also over midnight. */
export function tightSlots(slots: SlotModel[]): number[] {
  return slots.flatMap(({ from }, index) => {
    const others = slots.filter((_, other) => other !== index).map((slot) => (from - slot.from + DAY_MIN) % DAY_MIN)
    return others.some((apart) => apart < SLOT_MIN) ? [index] : []
  })
}

export interface Segment {
  from: number
  to: number
  rate: number
  /** Which slot it is of. */
  slot: number
}

/** The day from 00:00 to 24:00: before the first slot the last one holds. */
export function segmentsOf(slots: SlotModel[]): Segment[] {
  if (slots.length === 0) return [{ from: 0, to: DAY_MIN, rate: 1, slot: -1 }]
  const order = slots.map((slot, index) => ({ ...slot, slot: index })).sort((a, b) => a.from - b.from)
  const first = order[0]!
  const last = order.at(-1)!
  const head = first.from > 0 ? [{ from: 0, to: first.from, rate: last.rate, slot: last.slot }] : []
  return [...head, ...order.map(({ from, rate, slot }, index) => ({ from, to: order[index + 1]?.from ?? DAY_MIN, rate, slot }))]
}

/** Another begin of a slot, in steps of a quarter, never past its neighbours. */
export function moveSlot(slots: SlotModel[], index: number, to: number): SlotModel[] {
  const others = slots.filter((_, other) => other !== index).map(({ from }) => from)
  const here = slots[index]!.from
  const low = Math.max(0, ...others.filter((from) => from < here).map((from) => from + SLOT_MIN))
  const high = Math.min(DAY_MIN - SLOT_MIN, ...others.filter((from) => from > here).map((from) => from - SLOT_MIN))
  const from = Math.min(high, Math.max(low, Math.round(to / SLOT_MIN) * SLOT_MIN))
  return slots.map((slot, other) => (other === index ? { ...slot, from } : slot))
}

/** One more slot in the middle of the longest span; null: there is no room. */
export function addSlot(slots: SlotModel[]): SlotModel[] | null {
  if (slots.length >= SLOTS_MAX) return null
  if (slots.length === 0) return [{ from: 0, rate: 1 }]
  const longest = segmentsOf(slots).reduce((a, b) => (b.to - b.from > a.to - a.from ? b : a))
  const middle = Math.round((longest.from + longest.to) / 2 / 60) * 60
  if (longest.to - longest.from < 120) return null
  return [...slots, { from: middle, rate: longest.rate }].sort((a, b) => a.from - b.from)
}

/** Of each rate how dear it is among them, 0 the cheapest to 4: its colour and height. */
export function rateLevels(prices: number[]): number[] {
  const steps = [...new Set(prices)].sort((a, b) => a - b)
  return prices.map((price) => (steps.length < 2 ? 1 : Math.round((steps.indexOf(price) * 4) / (steps.length - 1))))
}

/** "10-01" of every year, "2027-02-17" of one; null: no date. */
export function holidayOf(text: string, table: number): TariffHoliday | null {
  const match = /^(?:(\d{4})-)?(\d{1,2})-(\d{1,2})$/.exec(text.trim())
  if (!match) return null
  const [month, day] = [Number(match[2]), Number(match[3])]
  const year = match[1] ? Number(match[1]) : 2000
  const date = new Date(Date.UTC(year, month - 1, day))
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null
  return { ...(match[1] && { year }), month, day, table }
}

export const dateText = ({ year, month, day }: { year?: number; month: number; day: number }): string =>
  `${year ? `${year}-` : ''}${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`

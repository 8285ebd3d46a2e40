import { describe, expect, it } from 'vitest'
import type { TariffPlan } from '@/api/schema'
import { addSlot, amountText, holidayOf, modelOf, moveSlot, priceText, rateLevels, readModel, segmentsOf, tightSlots } from './plan-model'

const plan: TariffPlan = {
  rates: [{ name: '谷', price_uy: 305000 }, { name: '峰', price_uy: 980050 }],
  calendar: { tables: [{ slots: [{ from: '08:00', rate: 2 }, { from: '22:00', rate: 1 }] }], zones: [{ month: 1, day: 1, table: 1 }] },
  holidays: [{ month: 10, day: 1, table: 1 }],
  steps: { thresholds: [2880000, 4800000], combine: 'sum', prices_uy: [0, 50000, 300000], settle: [{ month: 1, day: 1, hour: 0 }] },
  lines: [{ name: '污水', price_uy: 950000 }],
  fee_fen: 1500,
  minimum_fen: 6000,
}

describe('a plan in the fields of the editor', () => {
  it('comes back as it was', () => expect(readModel(modelOf(plan))).toEqual({ plan, faults: [] }))

  it('shows prices with four decimals or as many as it needs', () => {
    expect(priceText(610000)).toBe('0.6100')
    expect(priceText(980050)).toBe('0.98005')
    expect(amountText(2880000)).toBe('2880')
    expect(amountText(1234500)).toBe('1234.5')
  })

  it('names what is no number, and gives no plan', () => {
    const model = modelOf(plan)
    model.rates[1]!.price = '0,98x'
    model.steps!.rows[0]!.upTo = ''
    expect(readModel(model)).toEqual({ plan: null, faults: ['rates.1.price', 'steps.0.upTo'] })
  })
})

describe('slots of a day', () => {
  const slots = [{ from: 480, rate: 2 }, { from: 1320, rate: 1 }]

  it('wrap over midnight', () =>
    expect(segmentsOf(slots)).toEqual([
      { from: 0, to: 480, rate: 1, slot: 1 },
      { from: 480, to: 1320, rate: 2, slot: 0 },
      { from: 1320, to: 1440, rate: 1, slot: 1 },
    ]))

  it('move by quarters and stop at their neighbours', () => {
    expect(moveSlot(slots, 0, 493)[0]!.from).toBe(495)
    expect(moveSlot(slots, 0, 2000)[0]!.from).toBe(1305)
    expect(moveSlot(slots, 1, 0)[1]!.from).toBe(495)
    expect(moveSlot(slots, 0, -20)[0]!.from).toBe(0)
  })

  it('are added in the longest span, and only while there is room', () => {
    expect(addSlot(slots)!.map(({ from }) => from)).toEqual([480, 900, 1320])
    expect(addSlot(Array.from({ length: 14 }, (_, i) => ({ from: i * 100, rate: 1 })))).toBeNull()
  })

  it('are too near within a quarter, also over midnight', () => {
    expect(tightSlots([{ from: 0, rate: 1 }, { from: 1430, rate: 1 }])).toEqual([0])
    expect(tightSlots([{ from: 0, rate: 1 }, { from: 15, rate: 1 }])).toEqual([])
  })
})

it('levels of rates go by price, not by number', () => {
  expect(rateLevels([300, 900, 600])).toEqual([0, 4, 2])
  expect(rateLevels([500])).toEqual([1])
})

it('a holiday is a date of every year or of one', () => {
  expect(holidayOf('10-1', 3)).toEqual({ month: 10, day: 1, table: 3 })
  expect(holidayOf('2027-02-17', 1)).toEqual({ year: 2027, month: 2, day: 17, table: 1 })
  expect(holidayOf('02-30', 1)).toBeNull()
})

import { describe, expect, it } from 'vitest'
import type { TariffPlan } from '@/api/schema'
import en from '../locales/en.json'
import zh from '../locales/zh-CN.json'
import { changesOf, extrasOf, noticeText, pricesText, stepLines, type Say } from './plan-words'

const sayer = (texts: { tariffs: Record<string, unknown> }): Say => (key, values = {}) =>
  String(texts.tariffs[key.replace('tariffs.', '')]).replaceAll(/\{(\w+)\}/g, (_, name: string) => String(values[name]))
const chinese = sayer(zh)
const english = sayer(en)
const old: TariffPlan = { rates: [{ name: '谷', price_uy: 320000 }, { name: '峰', price_uy: 1050000 }], fee_fen: 1500 }
const next: TariffPlan = { rates: [{ name: '谷', price_uy: 300000 }, { name: '峰', price_uy: 1050000 }], fee_fen: 0, steps: { thresholds: [2880000], prices_uy: [0, 50000] } }

describe('a plan in words', () => {
  it('says what it costs', () => {
    expect(pricesText(old, 'electricity', chinese)).toBe('谷 0.3200 · 峰 1.0500 元/kWh')
    expect(extrasOf(old, chinese)).toEqual(['固定费 15.00 元/月'])
    expect(stepLines(next.steps!, 'electricity', english)).toEqual(['0–2880 kWh +0.0000', 'above 2880 kWh +0.0500'])
  })

  it('says what changes, and nothing of what stays', () => {
    expect(changesOf(old, next, 'electricity', chinese)).toEqual(['谷 0.3200 → 0.3000 元/kWh', '阶梯：0–2880 kWh +0.0000 / 2880 kWh 以上 +0.0500', '每月固定费 15.00 → 0.00 元'])
    expect(changesOf(old, old, 'electricity', chinese)).toEqual([])
    const hours = { tables: [{ slots: [{ from: '08:00', rate: 2 }, { from: '22:00', rate: 1 }] }] }
    expect(changesOf({ ...old, calendar: hours }, { ...old, calendar: { ...hours, zones: [] } }, 'electricity', chinese)).toEqual([])
    expect(changesOf(old, { ...old, calendar: hours }, 'electricity', chinese)).toEqual(['时段或日期有调整'])
  })

  it('tells tenants in both languages while it fits, else in the first one', () => {
    const text = noticeText(old, next, 'electricity', '2027-01-01', [chinese, english])
    expect(text).toContain('自 2027-01-01 起')
    expect(text).toContain('From 2027-01-01')
    const many: TariffPlan = { rates: Array.from({ length: 20 }, (_, i) => ({ name: `费率${i}`, price_uy: 100000 * i })) }
    const long = noticeText(old, many, 'electricity', '2027-01-01', [chinese, english])
    expect(long.length).toBeLessThanOrEqual(500)
    expect(long).not.toContain('From')
  })
})

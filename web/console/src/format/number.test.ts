import { describe, expect, it } from 'vitest'
import { bytes, current, decimal, energy, money, moneyCapitals, parseDecimal, power, powerFactor, voltage } from './number'

describe('decimal', () => {
  it('places the point without a float', () => {
    expect(decimal(2301, 1)).toBe('230.1')
    expect(decimal(5, 3)).toBe('0.005')
    expect(decimal(0, 2)).toBe('0.00')
  })
  it('keeps every digit of a large register', () => {
    expect(energy(Number.MAX_SAFE_INTEGER)).toBe('9,007,199,254,740.991')
    expect(decimal(123456789012345678901234n, 2)).toBe('1,234,567,890,123,456,789,012.34')
  })
  it('rounds halves away from zero when fewer digits are asked', () => {
    expect(decimal(1245, 2, 1)).toBe('12.5')
    expect(decimal(-1245, 2, 1)).toBe('−12.5')
    expect(decimal(1244, 2, 1)).toBe('12.4')
  })
  it('shows no minus before a zero', () => {
    expect(decimal(-4, 2, 1)).toBe('0.0')
  })
  it('groups thousands in the whole part only', () => {
    expect(decimal(1234567, 0)).toBe('1,234,567')
    expect(decimal(123456, 4)).toBe('12.3456')
  })
  it('shows a dash for what is not there or is no exact integer', () => {
    expect(decimal(null, 2)).toBe('–')
    expect(decimal(undefined, 2)).toBe('–')
    expect(decimal(1.5, 2)).toBe('–')
    expect(decimal(2 ** 53, 0)).toBe('–')
  })
})

describe('quantities', () => {
  it('know their unit', () => {
    expect(voltage(2305)).toBe('230.5')
    expect(current(-1250)).toBe('−1.250')
    expect(power(12345678)).toBe('1,234,567.8')
    expect(powerFactor(-984)).toBe('−0.984')
    expect(money(-105)).toBe('−1.05')
  })
})

describe('bytes', () => {
  it('takes the unit that reads best', () => {
    expect(bytes(0)).toBe('0 B')
    expect(bytes(1536)).toBe('1.5 KiB')
    expect(bytes(200 * 1024 * 1024)).toBe('200.0 MiB')
  })
})

describe('parseDecimal', () => {
  it('reads what people type into units, without a float', () => {
    expect(parseDecimal('12.5', 2)).toBe(1250)
    expect(parseDecimal(' 1,234.56 ', 2)).toBe(123456)
    expect(parseDecimal('−0.01', 2)).toBe(-1)
    expect(parseDecimal('-0', 2)).toBe(0)
    expect(parseDecimal('90071992547409.91', 2)).toBe(Number.MAX_SAFE_INTEGER)
  })
  it('refuses what would lose something, or is no number', () => {
    for (const text of ['', '1.005', '1e3', '0x1', '.5', '5.', '1 2', '90071992547409.92', '１']) expect(parseDecimal(text, 2), text).toBeNull()
  })
})

describe('an amount written out', () => {
  it('as receipts do', () => {
    const cases: [number, string][] = [
      [0, '零元整'], [5, '伍分'], [50, '伍角整'], [100, '壹元整'], [12345, '壹佰贰拾叁元肆角伍分'], [20005, '贰佰元零伍分'],
      [100000, '壹仟元整'], [100100, '壹仟零壹元整'], [1000000, '壹万元整'], [1200000, '壹万贰仟元整'], [10000500, '壹拾万零伍元整'],
      [100050010, '壹佰万零伍佰元壹角整'], [10000000000, '壹亿元整'], [10000001000, '壹亿零壹拾元整'], [-12300, '负壹佰贰拾叁元整'],
    ]
    for (const [fen, text] of cases) expect(moneyCapitals(fen), String(fen)).toBe(text)
  })
})

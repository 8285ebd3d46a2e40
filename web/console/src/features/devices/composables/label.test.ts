import { describe, expect, it } from 'vitest'
import { chipGroups, isMeterNumber, parseLabel } from './label'
import { nextNumber } from './next-number'

const CHIP = '0123456789abcdef01234567'
const KEY = 'f'.repeat(64)

describe('parseLabel', () => {
  it('reads what the scanner typed, whatever the case and the line end', () => {
    expect(parseLabel(`WATTLE1:${CHIP.toUpperCase()}:${KEY}\n`)).toEqual({ chip: CHIP, key: KEY })
  })
  it.each(['', 'WATTLE1:', `WATTLE2:${CHIP}:${KEY}`, `WATTLE1:${CHIP}0:${KEY}`, `WATTLE1:${CHIP}:${KEY}0`, `x WATTLE1:${CHIP}:${KEY}`])(
    'refuses %j',
    (text) => expect(parseLabel(text)).toBeNull(),
  )
})

describe('meter numbers', () => {
  it('have twelve digits', () => {
    expect(isMeterNumber('330100000001')).toBe(true)
    expect(isMeterNumber('33010000000')).toBe(false)
    expect(isMeterNumber('33010000000a')).toBe(false)
    expect(isMeterNumber('030100000001')).toBe(false)
  })
  it('suggest the next one', () => {
    expect(nextNumber(['330100000007', '330100000002'])).toBe('330100000008')
    expect(nextNumber(['000000000009'])).toBe('000000000010')
    expect(nextNumber([])).toBe('')
    expect(nextNumber(['999999999999'])).toBe('')
  })
})

it('groups a chip id for the eye', () => {
  expect(chipGroups(CHIP)).toBe('01234567 89abcdef 01234567')
})

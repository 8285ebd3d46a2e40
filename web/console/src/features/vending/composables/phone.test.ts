import { describe, expect, it } from 'vitest'
import { wholePhone } from './phone'

describe('a whole phone number', () => {
  it('is told from rooms, meters, ends of numbers', () => {
    expect(wholePhone('13812341234')).toBe('13812341234')
    expect(wholePhone('0571-88886666')).toBeNull() // twelve digits, as a meter has
    expect(wholePhone('138 1234 1234')).toBe('13812341234')
    expect(wholePhone('88886666')).toBe('88886666')
    for (const other of ['301', '1234', '330100000001', 'A-301', '张三', '']) expect(wholePhone(other), other).toBeNull()
  })
})

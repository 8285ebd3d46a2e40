import { describe, expect, it } from 'vitest'
import { bindingOf, emptyBinding, emptyRegister, finalOf, unitsOf } from './registers'

describe('registers', () => {
  it('are Wh or litres, or nothing, or no number', () => {
    expect(unitsOf(' ')).toBeUndefined()
    expect(unitsOf('1000.5')).toBe(1000500)
    expect(unitsOf('0')).toBe(0)
    expect(unitsOf('-1')).toBeNull()
    expect(unitsOf('1.2345')).toBeNull()
    expect(unitsOf('abc')).toBeNull()
  })

  it('are sent with what was typed only', () => {
    expect(finalOf(emptyRegister('330100000001'))).toEqual({ meter: '330100000001' })
    expect(finalOf({ meter: '330100000001', units: '7', photo: '1.jpg', accepted: true })).toEqual({ meter: '330100000001', units: 7000, photo: '1.jpg', accepted: true })
    expect(finalOf({ ...emptyRegister('330100000001'), units: 'x' })).toBeNull()
  })

  it('of a meter that begins', () => {
    const binding = { ...emptyBinding(), register: { ...emptyRegister('330100000001'), units: '1000.5' } }
    expect(bindingOf(binding)).toEqual({ meter: '330100000001', service: 'electricity', credit: 'platform', units: 1000500 })
    expect(bindingOf({ service: 'water', credit: 'meter', register: emptyRegister('330100000002') })).toEqual({ meter: '330100000002', service: 'water', credit: 'meter' })
    expect(bindingOf({ ...binding, register: { ...binding.register, units: '?' } })).toBeNull()
  })
})

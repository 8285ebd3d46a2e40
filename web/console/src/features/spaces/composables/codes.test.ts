import { describe, expect, it } from 'vitest'
import { codesOf } from './codes'

describe('codes of several spaces', () => {
  it('are a range, a list, or both', () => {
    expect(codesOf('301-304, 306')).toEqual(['301', '302', '303', '304', '306'])
    expect(codesOf('A01–A03')).toEqual(['A01', 'A02', 'A03'])
    expect(codesOf('08-11')).toEqual(['08', '09', '10', '11'])
    expect(codesOf('1，2；3')).toEqual(['1', '2', '3'])
    expect(codesOf('301-302, 302')).toEqual(['301', '302'])
  })
  it('keep what is no range as it was written', () => {
    expect(codesOf('B-1')).toEqual(['B-1'])
    expect(codesOf('304-301')).toEqual(['304-301'])
    expect(codesOf('A1-B9')).toEqual(['A1-B9'])
    expect(codesOf('1-9999')).toEqual(['1-9999'])
    expect(codesOf('=1+1')).toEqual(['=1+1'])
    expect(codesOf('  ')).toEqual([])
  })
})

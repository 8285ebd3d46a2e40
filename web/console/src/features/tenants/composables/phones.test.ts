import { describe, expect, it } from 'vitest'
import { newPhoneRow, phoneEdits, phoneRows } from './phones'

const there = [
  { id: '7', number: '138****1234', label: 'self', main: true },
  { id: '8', number: '0571****6666', label: '', main: false },
]

describe('phones of a form', () => {
  it('never send back a masked number', () => {
    expect(phoneEdits(phoneRows(there))).toEqual([
      { id: '7', label: 'self', main: true },
      { id: '8', label: '', main: false },
    ])
  })
  it('send a number that was typed, and drop rows that nobody filled in', () => {
    const rows = [...phoneRows(there), newPhoneRow(false), { ...newPhoneRow(false), number: ' 13900000000 ', label: ' shop ' }]
    rows[1]!.number = '0571-88880000'
    expect(phoneEdits(rows)).toEqual([
      { id: '7', label: 'self', main: true },
      { id: '8', number: '0571-88880000', label: '', main: false },
      { number: '13900000000', label: 'shop', main: false },
    ])
  })
  it('have exactly one main number', () => {
    const rows = phoneRows(there).slice(1)
    expect(phoneEdits(rows).map((phone) => phone.main)).toEqual([true])
    expect(phoneEdits([newPhoneRow(true), ...rows]).map((phone) => phone.main)).toEqual([true])
  })
})

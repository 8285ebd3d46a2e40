import { describe, expect, it } from 'vitest'
import { cells, readBill } from './bill-text'

describe('a bill as text', () => {
  it('is cut into cells', () => {
    expect(cells('a,"b, ""c""", d ')).toEqual(['a', 'b, "c"', 'd'])
    expect(cells("`4200001\t'0012\t\t")).toEqual(['4200001', '0012', '', ''])
    expect(cells('')).toEqual([''])
  })

  it('has its columns in their order, or as its heading says', () => {
    const line = { number: 'T1', amount_fen: 123456, paid_at: '2026-11-23T16:30:00Z' }
    expect(readBill('T1,,"1,234.56",2026-11-24 00:30', 480)).toEqual({ lines: [line], faults: [] })
    expect(readBill('\ufeff交易时间,流水号,金额(元),付款人,已退款\r\n2026/11/24 00:30:00,T1,1234.56,张三,是\r\n\r\n', 480)).toEqual({
      lines: [{ ...line, payer: '张三', refunded: true }],
      faults: [],
    })
  })

  it('says which cell of which row is wrong', () => {
    expect(readBill('number,amount,paid_at\n号,0,2026-11-24\nT2,1.234,never', 480).faults).toEqual([
      { row: 2, column: 'number' },
      { row: 2, column: 'amount' },
      { row: 3, column: 'amount' },
      { row: 3, column: 'paid_at' },
    ])
  })
})

import { describe, expect, it } from 'vitest'
import { paint, rename } from './calendar-days'

const DAY = '2026-10-01'

describe('painting days of a calendar', () => {
  it('sets a mark, and takes the same mark away again', () => {
    const once = paint([], DAY, 'holiday', ' 国庆节 ')
    expect(once).toEqual([{ date: DAY, kind: 'holiday', name: '国庆节' }])
    expect(paint(once, DAY, 'holiday')).toEqual([])
  })
  it('knows a day as holiday or as working day, never both; cut-free beside either', () => {
    const holiday = paint(paint([], DAY, 'holiday'), DAY, 'cut_free')
    expect(holiday).toEqual([{ date: DAY, kind: 'holiday', cut_free: true }])
    expect(paint(holiday, DAY, 'workday')).toEqual([{ date: DAY, kind: 'workday', cut_free: true }])
    expect(paint(holiday, DAY, 'holiday')).toEqual([{ date: DAY, kind: 'plain', cut_free: true }])
    expect(paint(holiday, DAY, 'clear')).toEqual([])
  })
  it('keeps the order and a name that is there', () => {
    const days = paint(paint(paint([], '2026-12-31', 'cut_free'), DAY, 'holiday', 'a'), '2026-11-01', 'workday')
    expect(days.map((day) => day.date)).toEqual([DAY, '2026-11-01', '2026-12-31'])
    expect(paint(days, DAY, 'cut_free', 'b')[0]!.name).toBe('a')
    expect(rename(days, DAY, 'c')[0]!.name).toBe('c')
  })
})

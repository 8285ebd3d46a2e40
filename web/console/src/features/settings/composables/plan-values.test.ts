import { describe, expect, it } from 'vitest'
import type { AlarmPlan } from '@/api/types'
import { draftOf, editOf, hoursText, hoursToSeconds } from './plan-values'

const plan: AlarmPlan = {
  code: 'default',
  name: { value: 'default', source: 'builtin' },
  alarm1_fen: { value: 5000, source: 'property' },
  alarm2_fen: { value: 1000, source: 'group' },
  overdraft_fen: { value: 0, source: 'builtin' },
  hoarding_fen: { value: 0, source: 'builtin' },
  allow_close_fen: { value: -150, source: 'property' },
  alarm2_trips: { value: true, source: 'property' },
  friendly_hours: { value: true, source: 'builtin' },
  cut_notice_s: { value: 86400, source: 'property' },
  version: 3,
}

describe('values of an alarm plan', () => {
  it('come back as they are when nothing is touched, inherited ones as null', () => {
    const { edit, wrong } = editOf(draftOf(plan, 'property'))
    expect(wrong).toEqual([])
    expect(edit).toEqual({
      name: null, alarm1_fen: 5000, alarm2_fen: null, overdraft_fen: null, hoarding_fen: null, allow_close_fen: -150,
      alarm2_trips: true, friendly_hours: null, cut_notice_s: 86400,
    })
    expect(editOf(draftOf(plan, 'group')).edit.alarm2_fen).toBe(1000)
  })
  it('are amounts with two decimals, or named as wrong', () => {
    const draft = draftOf(plan, 'property')
    draft.alarm1_fen.value = '50.005'
    draft.cut_notice_s.value = 'soon'
    expect(editOf(draft).wrong.sort()).toEqual(['alarm1_fen', 'cut_notice_s'])
    draft.alarm1_fen = { own: false, value: 'x' }
    expect(editOf(draft).wrong).toEqual(['cut_notice_s'])
  })
  it('show the notice in hours without losing seconds', () => {
    expect(hoursText(86400)).toBe('24')
    expect(hoursText(5400)).toBe('1.5')
    expect(hoursText(0)).toBe('0')
    for (const seconds of [1, 59, 100, 3599, 3601, 86399, 604800]) expect(hoursToSeconds(hoursText(seconds))).toBe(seconds)
    expect(hoursToSeconds('-1')).toBeNull()
  })
})

import { describe, expect, it } from 'vitest'
import en from '../locales/en.json'
import zh from '../locales/zh-CN.json'
import { partsOf } from './object-text'

describe('what an act was about', () => {
  it('has a kind and a number', () => {
    expect(partsOf('meter 330100000005')).toEqual({ kind: 'meter', id: '330100000005' })
    expect(partsOf('command batch 3')).toEqual({ kind: 'command_batch', id: '3' })
    expect(partsOf('tariff homes version 1')).toEqual({ kind: 'tariff', id: 'homes version 1' })
    expect(partsOf('clock')).toBeNull()
  })
  it('has words for each kind in both languages', () => {
    expect(Object.keys(zh.audit_object)).toEqual(Object.keys(en.audit_object))
    for (const kind of Object.keys(zh.audit_object)) if (kind !== 'version') expect(partsOf(`${kind.replace('_', ' ')} 1`)?.kind).toBe(kind)
  })
})

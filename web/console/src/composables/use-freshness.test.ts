import { describe, expect, it } from 'vitest'
import { STALE_AFTER_MS, type LiveMeter } from '@/stores/live'
import { freshnessOf } from './use-freshness'

const entry = (part: Partial<LiveMeter>): LiveMeter => ({
  values: null,
  state: null,
  quality: [],
  atMs: 1,
  heardMs: 1000,
  online: true,
  watched: true,
  graceMs: 0,
  ...part,
})

describe('freshnessOf', () => {
  it('is stale well within five seconds of silence', () => {
    expect(STALE_AFTER_MS).toBeLessThan(4500)
    expect(freshnessOf(entry({}), 1000 + STALE_AFTER_MS)).toBe('live')
    expect(freshnessOf(entry({}), 1001 + STALE_AFTER_MS)).toBe('stale')
  })
  it('waits for the first value of a row that just came in sight', () => {
    expect(freshnessOf(entry({ heardMs: 0, graceMs: 9000 }), 8000)).toBe('live')
    expect(freshnessOf(entry({ heardMs: 0, graceMs: 9000 }), 9001)).toBe('stale')
  })
  it('takes the server’s word for a row out of sight', () => {
    expect(freshnessOf(entry({ watched: false }), 1e9)).toBe('live')
    expect(freshnessOf(entry({ watched: false, online: false }), 1000)).toBe('stale')
  })
  it('knows a meter that never spoke', () => {
    expect(freshnessOf(undefined, 0)).toBe('never')
    expect(freshnessOf(entry({ atMs: 0 }), 0)).toBe('never')
  })
})

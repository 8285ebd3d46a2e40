import { describe, expect, it } from 'vitest'
import { span } from '@/format/time'
import { busFacts, clockFacts, linkFacts, queueAgeMs, queueFacts, type Words } from './gateway-facts'

const NOW = Date.UTC(2026, 10, 24, 12, 0, 0)
const words: Words = {
  t: (key, values) => [key.replace('gateways.', ''), ...Object.values(values ?? {})].join(' '),
  duration: (ms) => `${span(ms).count} ${span(ms).unit}`,
}
const spool = { queued: 4, oldest_s: NOW / 1000 - 90, bytes: 10, damaged: 0, refused: 0, full: false, waiting_bytes: 0 }
const keys = (facts: { key: string }[]) => facts.map((fact) => fact.key)

describe('the queue of a gateway', () => {
  it('is as old as its oldest batch, by the server’s clock', () => {
    expect(queueAgeMs(spool, NOW)).toBe(90_000)
    expect(queueFacts({ spool, dropped: 0 }, NOW, words)[0]).toEqual({ key: 'queued', text: '4', note: 'oldest 1 minute' })
  })
  it('has no age when nothing waits, and never a negative one', () => {
    expect(queueAgeMs({ ...spool, queued: 0 }, NOW)).toBeNull()
    expect(queueAgeMs({ ...spool, oldest_s: 0 }, NOW)).toBeNull()
    expect(queueAgeMs({ ...spool, oldest_s: NOW / 1000 + 5 }, NOW)).toBe(0)
    expect(queueFacts({ spool: { ...spool, queued: 0 }, dropped: 0 }, NOW, words)[0]!.note).toBe('')
  })
  it('says first that the disk is full', () => {
    expect(queueFacts({ spool: { ...spool, full: true, waiting_bytes: 2048 }, dropped: 0 }, NOW, words)[0]).toEqual({
      key: 'waiting', text: '2.0 KiB', note: 'full', tone: 'bad',
    })
  })
})

describe('link, bus and clock of a gateway', () => {
  it('tells since when it is connected, and why it was not', () => {
    const link = { connected_since: NOW / 1000 - 7200, reconnects: 2, last_reason: 'connection lost' }
    expect(linkFacts({ link }, NOW, words)).toEqual([
      { key: 'connected', text: '2 hour' },
      { key: 'reconnects', text: '2', tone: 'warn' },
      { key: 'last_reason', text: '', note: 'connection lost' },
    ])
    expect(keys(linkFacts({ link: { ...link, last_reason: '' }, bad_messages: 1 }, NOW, words))).toContain('misread')
  })
  it('names an overloaded bus and dropped frames', () => {
    const bus = { kind: 'unix', up: true, load_permille: 990, overload: true, errors: 0, dropped: 7, terminals: 1 }
    expect(busFacts({ bus }, words)[0]).toEqual({ key: 'bus', text: 'unix', note: 'overload', tone: 'bad' })
    expect(keys(busFacts({ bus }, words))).toContain('bus_dropped')
    expect(busFacts({ bus: { ...bus, up: false } }, words)[0]!.note).toBe('down')
  })
  it('shows a wrong machine clock though the gateway follows the platform', () => {
    const clock = { offset_ms: 2, wall_offset_ms: -3_600_000, confirmed: true, steps: 1 }
    expect(clockFacts({ clock }, words).at(-1)).toEqual({ key: 'wall_offset', text: '1 hour', tone: 'bad' })
    expect(keys(clockFacts({ clock: { ...clock, wall_offset_ms: 900 } }, words))).not.toContain('wall_offset')
  })
})

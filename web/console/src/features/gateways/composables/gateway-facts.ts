import type { GatewayState } from '@/api/types'
import type { Tone } from '@/components/AppPill.vue'
import { bytes, count } from '@/format/number'

/** Beyond this the machine's clock is wrong, however well the gateway follows the platform. */
const CLOCK_OFF_MS = 5_000

export interface Fact {
  key: string
  text: string
  note?: string
  tone?: Tone
}

/** What the facts need of the page: words and durations in its language. */
export interface Words {
  t: (key: string, values?: Record<string, unknown>) => string
  duration: (ms: number) => string
}

type State = Partial<GatewayState>

/** How long the oldest batch waits; null: none waits. `oldest_s` is a time, not an age. */
export function queueAgeMs(spool: GatewayState['spool'], nowMs: number): number | null {
  return spool.queued > 0 && spool.oldest_s > 0 ? Math.max(0, nowMs - spool.oldest_s * 1000) : null
}

export function queueFacts({ spool, dropped }: State, nowMs: number, { t, duration }: Words): Fact[] {
  if (!spool) return []
  const age = queueAgeMs(spool, nowMs)
  const facts: Fact[] = [
    { key: 'queued', text: count(spool.queued), note: age === null ? '' : t('gateways.oldest', { age: duration(age) }) },
    { key: 'stored', text: bytes(spool.bytes) },
    { key: 'damaged', text: count(spool.damaged), tone: spool.damaged ? 'bad' : 'plain' },
    { key: 'refused', text: count(spool.refused), tone: spool.refused ? 'bad' : 'plain' },
    { key: 'dropped', text: count(dropped), tone: dropped ? 'bad' : 'plain' },
  ]
  if (spool.full) facts.unshift({ key: 'waiting', text: bytes(spool.waiting_bytes), note: t('gateways.full'), tone: 'bad' })
  return facts
}

export function linkFacts(state: State, nowMs: number, { duration }: Words): Fact[] {
  const { link } = state
  if (!link) return []
  const misread = (state.bad_messages ?? 0) + (state.retained_ignored ?? 0)
  const facts: Fact[] = [
    { key: 'connected', text: link.connected_since ? duration(nowMs - link.connected_since * 1000) : '–' },
    { key: 'reconnects', text: count(link.reconnects), tone: link.reconnects ? 'warn' : 'plain' },
  ]
  if (link.last_reason) facts.push({ key: 'last_reason', text: '', note: link.last_reason })
  if (misread) facts.push({ key: 'misread', text: count(misread), tone: 'warn' })
  return facts
}

export function busFacts({ bus }: State, { t }: Words): Fact[] {
  if (!bus) return []
  const note = t(!bus.up ? 'gateways.down' : bus.overload ? 'gateways.overload' : 'gateways.up')
  const facts: Fact[] = [
    { key: 'bus', text: bus.kind, note, tone: bus.up && !bus.overload ? 'plain' : 'bad' },
    { key: 'terminals', text: count(bus.terminals) },
    { key: 'errors', text: count(bus.errors), tone: bus.errors ? 'warn' : 'plain' },
  ]
  if (bus.dropped) facts.push({ key: 'bus_dropped', text: count(bus.dropped), tone: 'warn' })
  return facts
}

export function clockFacts({ clock }: State, { t, duration }: Words): Fact[] {
  if (!clock) return []
  const facts: Fact[] = [
    {
      key: 'offset',
      text: `${count(clock.offset_ms)} ms`,
      note: t(clock.confirmed ? 'gateways.confirmed' : 'gateways.unconfirmed'),
      tone: clock.confirmed ? 'plain' : 'warn',
    },
    { key: 'steps', text: count(clock.steps), tone: clock.steps ? 'warn' : 'plain' },
  ]
  const off = Math.abs(clock.wall_offset_ms ?? 0)
  if (off > CLOCK_OFF_MS) facts.push({ key: 'wall_offset', text: duration(off), tone: 'bad' })
  return facts
}

import type { MeterState } from '@/api/types'
import type { Tone } from '@/components/AppPill.vue'

export interface RelayWord {
  key: string
  tone: Tone
  icon: string
}

/** What the relay cell says: the contact first, then why it is so. */
export function relayWords(state: MeterState | null | undefined): RelayWord[] {
  if (!state) return []
  const words: RelayWord[] = [
    state.contact === 'closed'
      ? { key: 'relay.closed', tone: 'ok', icon: 'close' }
      : { key: 'relay.open', tone: 'bad', icon: 'trip' },
  ]
  if (state.relay_fault) words.push({ key: 'relay.fault', tone: 'bad', icon: 'warn' })
  if (state.forced_trip) words.push({ key: 'relay.forced_trip', tone: 'warn', icon: 'trip' })
  if (state.keep_power) words.push({ key: 'relay.keep_power', tone: 'info', icon: 'shield' })
  if (state.close_allowed) words.push({ key: 'relay.close_allowed', tone: 'info', icon: 'button' })
  return words
}

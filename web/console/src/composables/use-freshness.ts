import { computed, type ComputedRef } from 'vue'
import { STALE_AFTER_MS, useLiveStore, type LiveMeter } from '@/stores/live'
import { useNow } from './use-now'

export type Freshness = 'live' | 'stale' | 'never'

export interface MeterView {
  entry: LiveMeter | undefined
  freshness: Freshness
  ageMs: number
  /** Wall clock of the last value, for "stale since". */
  sinceMs: number
}

export function freshnessOf(entry: LiveMeter | undefined, nowMs: number): Freshness {
  if (!entry || entry.atMs === 0) return 'never'
  if (!entry.watched) return entry.online ? 'live' : 'stale'
  return nowMs - entry.heardMs > STALE_AFTER_MS && nowMs > entry.graceMs ? 'stale' : 'live'
}

/** What the page may say about one meter at this moment. */
export function useMeterView(meter: () => string): ComputedRef<MeterView> {
  const live = useLiveStore()
  const now = useNow()
  return computed(() => {
    const entry = live.meters.get(meter())
    const ageMs = entry ? Math.max(0, now.value - entry.heardMs) : 0
    return { entry, freshness: freshnessOf(entry, now.value), ageMs, sinceMs: Date.now() - ageMs }
  })
}

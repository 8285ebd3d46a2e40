import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { call, serverNow } from '@/api/client'
import type { Curve } from '@/api/schema'
import type { Readings } from '@/api/types'
import { readingsOf } from './chart-points'

export const RANGES = { '1h': 3_600_000, '24h': 86_400_000, '7d': 604_800_000, '30d': 2_592_000_000, '1y': 31_536_000_000 } as const
export type Range = keyof typeof RANGES

const POINTS = 480
const REFRESH_MS = 30_000

export interface StoredSpan extends Readings {
  fromMs: number
  toMs: number
}

/** Stored readings up to now, thinned by the server; of a year its hours. */
export function useReadings(meter: () => string, range: Ref<Range>) {
  return useQuery({
    queryKey: computed(() => ['readings', meter(), range.value]),
    queryFn: async ({ signal }): Promise<StoredSpan> => {
      const toMs = serverNow()
      const fromMs = toMs - RANGES[range.value]
      const from = new Date(fromMs).toISOString()
      const to = new Date(toMs).toISOString()
      if (range.value === '1y') {
        const curve = await call<Curve>('GET', `/meters/${meter()}/curve?from=${from}&to=${to}&points=${POINTS}`, undefined, { signal })
        return { ...readingsOf(curve), fromMs, toMs }
      }
      const path = `/meters/${meter()}/readings?from=${from}&to=${to}&points=${POINTS}`
      return { ...(await call<Readings>('GET', path, undefined, { signal })), fromMs, toMs }
    },
    refetchInterval: REFRESH_MS,
    placeholderData: keepPreviousData,
  })
}

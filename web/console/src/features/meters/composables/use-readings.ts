import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { call, serverNow } from '@/api/client'
import type { Readings } from '@/api/types'

export const RANGES = { '1h': 3_600_000, '6h': 21_600_000, '24h': 86_400_000 } as const
export type Range = keyof typeof RANGES

const POINTS = 480
const REFRESH_MS = 30_000

export interface StoredSpan extends Readings {
  fromMs: number
  toMs: number
}

/** Stored readings of the last hours, thinned by the server. */
export function useReadings(meter: () => string, range: Ref<Range>) {
  return useQuery({
    queryKey: computed(() => ['readings', meter(), range.value]),
    queryFn: async ({ signal }): Promise<StoredSpan> => {
      const toMs = serverNow()
      const fromMs = toMs - RANGES[range.value]
      const from = new Date(fromMs).toISOString()
      const to = new Date(toMs).toISOString()
      const path = `/meters/${meter()}/readings?from=${from}&to=${to}&points=${POINTS}`
      return { ...(await call<Readings>('GET', path, undefined, { signal })), fromMs, toMs }
    },
    refetchInterval: REFRESH_MS,
    placeholderData: keepPreviousData,
  })
}

import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { ApiError, call, queryText } from '@/api/client'
import type { Supply } from '@/api/schema'
import type { AccountLine } from '@/api/types'
import { useSessionStore } from '@/stores/session'

const REFRESH_MS = 30_000

/** Whose meter it is and what money it has; null: it has no account. `property` may come later. */
export function useSupply(meter: () => string, property: () => string | undefined) {
  const session = useSessionStore()
  return useQuery({
    queryKey: computed(() => ['supply', 'meter', meter()]),
    queryFn: async ({ signal }) => {
      const { items } = await call<{ items: AccountLine[] }>('GET', `/properties/${property()}/accounts${queryText({ meter: meter(), limit: 1 })}`, undefined, { signal })
      if (items.length === 0) return null
      return call<Supply>('GET', `/meters/${meter()}/supply`, undefined, { signal }).catch((error: unknown) => {
        if (error instanceof ApiError && error.status === 404) return null // its account is closed
        throw error
      })
    },
    enabled: computed(() => !!property() && session.can('account.read')),
    refetchInterval: REFRESH_MS,
  })
}

import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { call } from '@/api/client'
import type { Overview } from '@/api/schema'

const REFRESH_MS = 15_000

/** All properties at a glance; the bell above and the page ask once for both. */
export function useOverview() {
  const query = useQuery({
    queryKey: ['overview'],
    queryFn: ({ signal }) => call<Overview>('GET', '/overview', undefined, { signal }),
    refetchInterval: REFRESH_MS,
    placeholderData: keepPreviousData,
  })
  return { query, items: computed(() => query.data.value?.items ?? []) }
}

import { useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { call } from '@/api/client'
import type { Approval } from '@/api/schema'

const POLL_MS = 30_000
const COUNTED = 99

/** How many acts wait for this person's word, for the menu. */
export function useWaiting(): Ref<number> {
  const query = useQuery({
    queryKey: ['approvals', 'waiting'],
    queryFn: async ({ signal }) =>
      (await call<{ items: Approval[] }>('GET', `/approvals?state=waiting&mine=true&limit=${COUNTED}`, undefined, { signal })).items.length,
    refetchInterval: POLL_MS,
  })
  return computed(() => query.data.value ?? 0)
}

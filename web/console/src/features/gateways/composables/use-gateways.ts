import { useQuery } from '@tanstack/vue-query'
import { call } from '@/api/client'
import type { Gateway } from '@/api/types'

const REFRESH_MS = 10_000

export function useGateways() {
  return useQuery({
    queryKey: ['gateways'],
    queryFn: async ({ signal }) => {
      const answer = await call<Gateway[] | { items: Gateway[] }>('GET', '/gateways', undefined, { signal })
      return Array.isArray(answer) ? answer : answer.items
    },
    refetchInterval: REFRESH_MS,
  })
}

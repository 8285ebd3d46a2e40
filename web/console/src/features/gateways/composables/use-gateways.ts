import { useQuery } from '@tanstack/vue-query'
import { call } from '@/api/client'
import type { Gateway } from '@/api/types'

const REFRESH_MS = 10_000

export function useGateways() {
  return useQuery({
    queryKey: ['gateways'],
    queryFn: ({ signal }) => call<Gateway[]>('GET', '/gateways', undefined, { signal }),
    refetchInterval: REFRESH_MS,
  })
}

import { useQuery } from '@tanstack/vue-query'
import { call } from '@/api/client'
import type { GatewayList } from '@/api/types'

const REFRESH_MS = 10_000

export function useGateways() {
  return useQuery({
    queryKey: ['gateways'],
    queryFn: async ({ signal }) => (await call<GatewayList>('GET', '/gateways?limit=1000', undefined, { signal })).items,
    refetchInterval: REFRESH_MS,
  })
}

import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { call } from '@/api/client'
import type { GatewayList, LoggedEvent } from '@/api/types'

const REFRESH_MS = 10_000
const EVENTS_POLL_MS = 30_000
const EVENTS_ASKED = 20

export function useGateways() {
  return useQuery({
    queryKey: ['gateways'],
    queryFn: async ({ signal }) => (await call<GatewayList>('GET', '/gateways?limit=1000', undefined, { signal })).items,
    refetchInterval: REFRESH_MS,
  })
}

/** What happened to a gateway and to none of its meters. An alarm of the stream asks again at once. */
export function useGatewayEvents(gateway: () => string) {
  return useQuery({
    queryKey: computed(() => ['events', 'gateway', gateway()]),
    queryFn: async ({ signal }) =>
      (await call<{ items: LoggedEvent[] }>('GET', `/gateways/${gateway()}/events?limit=${EVENTS_ASKED}`, undefined, { signal }))
        .items,
    refetchInterval: EVENTS_POLL_MS,
  })
}

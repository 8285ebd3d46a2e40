import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { call } from '@/api/client'
import type { RoomMap, RoomMapRoom } from '@/api/schema'

export type RoomState = RoomMapRoom['state']

/** In the order of a person's attention. */
export const ROOM_STATES: readonly RoomState[] = ['cut', 'forced-trip', 'grace', 'overdraft', 'alarm-2', 'alarm-1', 'lost', 'keep-power', 'suspended', 'open', 'not-opened']

const REFRESH_MS = 60_000

/** All rooms of a property with their states; read again when the stream says that one may have changed. */
export function useRoomMap(property: () => string) {
  return useQuery({
    queryKey: computed(() => ['room-map', property()]),
    queryFn: ({ signal }) => call<RoomMap>('GET', `/properties/${property()}/room-map`, undefined, { signal }),
    refetchInterval: REFRESH_MS,
    structuralSharing: false, // comparing 10,000 rooms takes longer than drawing what is in sight
    shallow: true, // and so does a proxy around each of them
  })
}

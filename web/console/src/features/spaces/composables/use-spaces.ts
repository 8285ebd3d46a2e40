import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed } from 'vue'
import { call, queryText, versionTag } from '@/api/client'
import { fetchSpace, fetchSpaces, spacesPath } from '@/api/spaces'
import type { LeasePage, MeterPage, Space, SpaceEdit, SpaceKind } from '@/api/types'

/** So many of what hangs on a space are shown beside it. */
export const SHOWN_BELOW = 100
export const SHOWN_METERS = 20
export const SHOWN_LEASES = 20

export const KIND_BELOW: Record<SpaceKind, SpaceKind | null> = { building: 'floor', floor: 'room', room: null }
export const KIND_ABOVE: Record<SpaceKind, SpaceKind | null> = { building: null, floor: 'building', room: 'floor' }

type Place = () => { property: string; space: string }

const keyOf = (what: string, place: Place) => computed(() => ['space', place().property, place().space, what])

export function useSpace(place: Place) {
  return useQuery({
    queryKey: keyOf('itself', place),
    queryFn: ({ signal }) => fetchSpace(place().property, place().space, signal),
  })
}

export function useSpacesBelow(place: Place) {
  return useQuery({
    queryKey: keyOf('below', place),
    queryFn: ({ signal }) => fetchSpaces(place().property, { parent: place().space, limit: SHOWN_BELOW }, signal),
  })
}

export function useMetersAt(place: Place) {
  return useQuery({
    queryKey: keyOf('meters', place),
    queryFn: ({ signal }) =>
      call<MeterPage>('GET', `/meters${queryText({ ...place(), limit: SHOWN_METERS })}`, undefined, { signal }),
  })
}

export function useLeasesAt(place: Place, enabled: () => boolean) {
  return useQuery({
    queryKey: keyOf('leases', place),
    enabled: computed(enabled),
    queryFn: ({ signal }) =>
      call<LeasePage>(
        'GET',
        `/properties/${place().property}/leases${queryText({ space: place().space, state: 'running', limit: SHOWN_LEASES })}`,
        undefined,
        { signal },
      ),
  })
}

export interface SpaceDraft {
  code: string
  name: string
  area_dm2: number
  sort?: number
}

export function useSpaceActs(property: () => string) {
  const queries = useQueryClient()
  const path = (id: string): string => `${spacesPath(property())}/${id}`

  const renew = (): Promise<void> => queries.invalidateQueries({ queryKey: ['space', property()] })

  async function renewed<T>(act: Promise<T>): Promise<T> {
    const result = await act
    await renew()
    return result
  }

  return {
    renew,
    create: (kind: SpaceKind, parent: string | null, draft: SpaceDraft, key: string) =>
      renewed(call<Space>('POST', spacesPath(property()), { kind, parent, ...draft }, { idempotencyKey: key })),
    edit: (space: Space, changes: SpaceEdit) =>
      renewed(call<Space>('PATCH', path(space.id), changes, { ifMatch: versionTag(space.version) })),
    /** The page leaves it before it asks anew. */
    remove: (space: Space) => call<void>('DELETE', path(space.id), undefined, { ifMatch: versionTag(space.version) }),
  }
}

import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { call, queryText, versionTag } from '@/api/client'
import type { Group, GroupEdit, GroupPage, NewProperty, Property, PropertyEdit } from '@/api/types'

/** More groups than this are found by searching for their properties. */
export const GROUPS_SHOWN = 100

export function useGroups() {
  return useQuery({
    queryKey: ['groups'],
    queryFn: async ({ signal }) =>
      (await call<GroupPage>('GET', `/groups${queryText({ limit: GROUPS_SHOWN })}`, undefined, { signal })).items,
  })
}

export function useOrganisationActs() {
  const queries = useQueryClient()

  async function renewed<T>(act: Promise<T>): Promise<T> {
    const result = await act
    await Promise.all(['groups', 'properties', 'rules'].map((key) => queries.invalidateQueries({ queryKey: [key] })))
    return result
  }

  return {
    addGroup: (name: string, key: string) => renewed(call<Group>('POST', '/groups', { name }, { idempotencyKey: key })),
    editGroup: (group: Group, changes: GroupEdit) =>
      renewed(call<Group>('PATCH', `/groups/${group.id}`, changes, { ifMatch: versionTag(group.version) })),
    addProperty: (group: string, body: NewProperty, key: string) =>
      renewed(call<Property>('POST', `/groups/${group}/properties`, body, { idempotencyKey: key })),
    editProperty: (property: Property, changes: PropertyEdit) =>
      renewed(call<Property>('PATCH', `/properties/${property.slug}`, changes, { ifMatch: versionTag(property.version) })),
  }
}

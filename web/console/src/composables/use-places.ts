import { useQuery } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { useI18n } from 'vue-i18n'
import { call, queryText } from '@/api/client'
import { fetchSpace } from '@/api/spaces'
import type { Group, Property } from '@/api/schema'
import { useSessionStore } from '@/stores/session'

const NAMES_ASKED = 500
const KEEP_MS = 60_000

/** Where a right or a key holds: nothing set is the whole installation. */
export interface Scope {
  group: string | null
  property: string | null
  space: string | null
}

/** Groups and properties that the person sees, for naming and choosing them. */
export function usePlaces() {
  const { t } = useI18n()
  const session = useSessionStore()
  const groups = useQuery({
    queryKey: ['places', 'groups'],
    queryFn: async ({ signal }) => (await call<{ items: Group[] }>('GET', `/groups${queryText({ limit: 100 })}`, undefined, { signal })).items,
    staleTime: KEEP_MS,
  })
  const properties = useQuery({
    queryKey: ['places', 'properties'],
    queryFn: async ({ signal }) =>
      (await call<{ items: Property[] }>('GET', `/properties${queryText({ limit: NAMES_ASKED })}`, undefined, { signal })).items,
    staleTime: KEEP_MS,
  })

  const groupName = (id: string): string => groups.data.value?.find((group) => group.id === id)?.name || t('place.group_n', { n: id })
  const propertyName = (slug: string): string => properties.data.value?.find((property) => property.slug === slug)?.name || slug

  function scopeText(scope: Scope): string {
    if (scope.property) return scope.space ? `${propertyName(scope.property)} · ${t('place.part')}` : propertyName(scope.property)
    return scope.group ? groupName(scope.group) : t('place.installation')
  }

  /** The group whose staff and roles this person works with. */
  const ownGroup = computed(() => session.user?.group ?? groups.data.value?.[0]?.id ?? null)

  return { groups, properties, groupName, propertyName, scopeText, ownGroup }
}

/** The path of one space as people read it: "A-3-301". */
export function useSpaceName(property: MaybeRefOrGetter<string | null>, space: MaybeRefOrGetter<string | null>) {
  const query = useQuery({
    queryKey: computed(() => ['places', 'space', toValue(property), toValue(space)]),
    queryFn: ({ signal }) => fetchSpace(toValue(property)!, toValue(space)!, signal),
    enabled: computed(() => !!toValue(property) && !!toValue(space)),
    staleTime: KEEP_MS,
  })
  return computed(() => (query.data.value ? `${query.data.value.path} ${query.data.value.name}`.trim() : (toValue(space) ?? '')))
}

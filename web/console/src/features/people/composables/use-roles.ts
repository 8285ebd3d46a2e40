import { useQuery } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { useI18n } from 'vue-i18n'
import { call } from '@/api/client'
import type { Role } from '@/api/schema'

/** Built-in roles and the group's own ones. */
export function useRoles(group: MaybeRefOrGetter<string | null>) {
  return useQuery({
    queryKey: computed(() => ['roles', toValue(group)]),
    queryFn: async ({ signal }) => (await call<{ items: Role[] }>('GET', `/groups/${toValue(group)}/roles`, undefined, { signal })).items,
    enabled: computed(() => !!toValue(group)),
  })
}

/** What a role is called, and in a sentence what its holder does. */
export function useRoleWords() {
  const { t, te } = useI18n()
  const key = (word: string): string => word.replaceAll('-', '_')
  return {
    roleName: (role: string, name: string): string => (te(`role.${key(role)}`) ? t(`role.${key(role)}`) : name),
    roleNote: (role: string): string => (te(`role_note.${key(role)}`) ? t(`role_note.${key(role)}`) : ''),
  }
}

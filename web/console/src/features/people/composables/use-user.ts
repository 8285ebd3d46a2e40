import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { call, callVersioned } from '@/api/client'
import { useSessionStore } from '@/stores/session'
import type { SessionItem, User } from '@/api/schema'

const SESSIONS_POLL_MS = 30_000

export function useUser(user: () => string) {
  return useQuery({
    queryKey: computed(() => ['user', user()]),
    queryFn: ({ signal }) => callVersioned<User>(`/users/${user()}`, { signal }),
  })
}

export function useSessionsOf(user: () => string | null) {
  const session = useSessionStore()
  return useQuery({
    queryKey: computed(() => ['sessions', user() ?? 'own']),
    queryFn: async ({ signal }) =>
      (await call<{ items: SessionItem[] }>('GET', user() ? `/users/${user()}/sessions` : '/sessions', undefined, { signal })).items,
    enabled: computed(() => !session.mustFirst),
    refetchInterval: SESSIONS_POLL_MS,
  })
}

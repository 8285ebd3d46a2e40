import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed } from 'vue'
import { call } from '@/api/client'
import type { Import, NewImport, SheetKind } from '@/api/types'

/** The server works on it by itself: it will be something else soon. */
const MOVING: readonly Import['state'][] = ['receiving', 'uploaded', 'checking', 'applying']
const POLL_MS = 700
/** Somebody else decides: nothing hurries. */
const WAITING_POLL_MS = 5_000

export const importsPath = (property: string): string => `/properties/${property}/imports`

export function useSheetKinds() {
  return useQuery({
    queryKey: ['sheets'],
    staleTime: Infinity,
    queryFn: async ({ signal }) => (await call<{ items: SheetKind[] }>('GET', '/sheets', undefined, { signal })).items,
  })
}

export function useImport(property: () => string, id: () => string) {
  return useQuery({
    queryKey: computed(() => ['imports', property(), id()]),
    queryFn: ({ signal }) => call<Import>('GET', `${importsPath(property())}/${id()}`, undefined, { signal }),
    refetchInterval: ({ state: { data } }) =>
      data && MOVING.includes(data.state) ? POLL_MS : data?.state === 'checked' && data.approval ? WAITING_POLL_MS : false,
  })
}

export function useImportActs(property: () => string) {
  const queries = useQueryClient()
  const renew = (): Promise<void> => queries.invalidateQueries({ queryKey: ['imports'] })

  return {
    renew,
    create: (body: NewImport, key: string) => call<Import>('POST', importsPath(property()), body, { idempotencyKey: key }),
    apply: async (item: Import, reason: string, key: string) => {
      const body = { sha256: item.sha256, ...(reason && { reason }) }
      const answer = await call<Import>('POST', `${importsPath(property())}/${item.id}/apply`, body, { idempotencyKey: key })
      await queries.invalidateQueries() // whatever the rows are about is another now
      return answer
    },
    cancel: async (item: Import) => {
      await call<void>('DELETE', `${importsPath(property())}/${item.id}`)
      await renew()
    },
  }
}

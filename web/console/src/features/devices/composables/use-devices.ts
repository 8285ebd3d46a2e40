import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { call, newKey } from '@/api/client'
import type { Adoption, Device, Imported } from '@/api/types'

const REFRESH_MS = 15_000

export function useDevices() {
  const queries = useQueryClient()
  const query = useQuery({
    queryKey: ['devices'],
    queryFn: ({ signal }) => call<{ items: Device[] }>('GET', '/devices?assigned=false', undefined, { signal }),
    refetchInterval: REFRESH_MS,
  })

  async function adopt(chip: string, adoption: Adoption, idempotencyKey: string): Promise<void> {
    await call<unknown>('POST', `/devices/${chip}/adopt`, adoption, { idempotencyKey })
    void queries.invalidateQueries({ queryKey: ['devices'] })
    void queries.invalidateQueries({ queryKey: ['meters'] })
  }

  /** A list of chip ids and keys. The text leaves the page once and is kept nowhere here. */
  async function importKeys(csv: string): Promise<Imported> {
    const result = await call<Imported>('POST', '/devices/import', csv, {
      contentType: 'text/csv',
      idempotencyKey: newKey(),
    })
    await queries.invalidateQueries({ queryKey: ['devices'] })
    return result
  }

  return { query, adopt, importKeys }
}

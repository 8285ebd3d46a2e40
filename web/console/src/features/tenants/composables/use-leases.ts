import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed } from 'vue'
import { call, serverNow, versionTag } from '@/api/client'
import type { Lease, LeaseEdit, NewLease, Reminder } from '@/api/types'
import { useCursorList } from '@/composables/use-cursor-list'
import { usePropertyStore } from '@/stores/property'
import { civilDate, daysLeft } from './lease-end'

const pathOf = (property: string): string => `/properties/${property}/leases`
const remindersOf = (property: string): string => `/properties/${property}/reminders`

export function useLease(property: () => string, id: () => string | null) {
  return useQuery({
    queryKey: computed(() => ['leases', property(), id()]),
    enabled: computed(() => id() !== null),
    queryFn: ({ signal }) => call<Lease>('GET', `${pathOf(property())}/${id()}`, undefined, { signal }),
  })
}

export function useReminders(property: () => string, all: () => boolean) {
  return useCursorList<Reminder>('reminders', () => remindersOf(property()), () => ({ all: all() || undefined }), { limit: 50, refetchMs: 60_000 })
}

export function useLeaseActs(property: () => string) {
  const queries = useQueryClient()
  const one = (lease: Lease): string => `${pathOf(property())}/${lease.id}`

  async function renewed<T>(act: Promise<T>): Promise<T> {
    const result = await act
    await Promise.all(['leases', 'reminders', 'customers'].map((key) => queries.invalidateQueries({ queryKey: [key] })))
    return result
  }

  return {
    create: (body: NewLease, key: string) => renewed(call<Lease>('POST', pathOf(property()), body, { idempotencyKey: key })),
    edit: (lease: Lease, changes: LeaseEdit) =>
      renewed(call<Lease>('PATCH', one(lease), changes, { ifMatch: versionTag(lease.version) })),
    end: (lease: Lease, reason: string) =>
      renewed(call<Lease>('PUT', `${one(lease)}/end`, { reason }, { ifMatch: versionTag(lease.version) })),
    done: (reminder: Reminder) => renewed(call<Reminder>('PUT', `${remindersOf(property())}/${reminder.id}/done`)),
  }
}

/** How many days a lease of the shown property still has, once a reminder is due; else null. */
export function useDaysLeft() {
  const store = usePropertyStore()
  return (lease: { end: string | null; state: string; remind_days: number | null }): number | null => {
    const property = store.property
    if (!property || lease.state !== 'running') return null
    return daysLeft(lease.end, civilDate(serverNow(), property.utc_offset_min), lease.remind_days ?? property.remind_days)
  }
}

import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed } from 'vue'
import { call, versionTag } from '@/api/client'
import type {
  Customer, CustomerEdit, CustomerNumbers, Erasure, Lease, NewCustomer, PersonDocument,
} from '@/api/types'
import { useCursorList } from '@/composables/use-cursor-list'

const pathOf = (property: string): string => `/properties/${property}/customers`

export function useCustomer(property: () => string, id: () => string) {
  return useQuery({
    queryKey: computed(() => ['customers', property(), id()]),
    queryFn: ({ signal }) => call<Customer>('GET', `${pathOf(property())}/${id()}`, undefined, { signal }),
  })
}

export function useLeasesOf(property: () => string, customer: () => string) {
  return useCursorList<Lease>('leases', () => `/properties/${property()}/leases`, () => ({ customer: customer(), sort: '-start' }), { limit: 20 })
}

export function useCustomerActs(property: () => string) {
  const queries = useQueryClient()
  const one = (id: string): string => `${pathOf(property())}/${id}`

  async function renewed<T>(act: Promise<T>): Promise<T> {
    const result = await act
    await queries.invalidateQueries({ queryKey: ['customers'] })
    return result
  }

  return {
    create: (body: NewCustomer, key: string) =>
      renewed(call<Customer>('POST', pathOf(property()), body, { idempotencyKey: key })),
    edit: (customer: Customer, changes: CustomerEdit) =>
      renewed(call<Customer>('PATCH', one(customer.id), changes, { ifMatch: versionTag(customer.version) })),
    reveal: (id: string, reason: string, key: string) =>
      call<CustomerNumbers>('POST', `${one(id)}/reveal`, { reason }, { idempotencyKey: key }),
    exportData: (id: string, reason: string, key: string) =>
      call<PersonDocument>('POST', `${one(id)}/export`, { reason }, { idempotencyKey: key }),
    erase: (customer: Customer, reason: string) =>
      renewed(call<Erasure>('PUT', `${one(customer.id)}/erasure`, { reason }, { ifMatch: versionTag(customer.version) })),
  }
}

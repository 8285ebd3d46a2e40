import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed } from 'vue'
import { call, queryText } from '@/api/client'
import type { CustomerList, Desk, DeskAccount, Order, OrderList, SupplyList } from '@/api/schema'
import { useSessionStore } from '@/stores/session'
import { wholePhone } from './phone'

const LAST_DIGITS = 4
const RECENT = 5

/** Accounts by what a tenant says. A whole phone number is found by the list of customers, where asking is counted. */
export function useDesk(property: () => string, words: () => string) {
  const session = useSessionStore()

  async function find(text: string, signal: AbortSignal): Promise<DeskAccount[]> {
    const look = async (q: string): Promise<DeskAccount[]> => (await call<Desk>('GET', `/properties/${property()}/desk${queryText({ q })}`, undefined, { signal })).items
    const phone = wholePhone(text)
    const found = await look(text)
    if (!phone || found.length > 0 || !session.can('customer.read')) return found
    const [same, { items }] = await Promise.all([
      look(phone.slice(-LAST_DIGITS)),
      call<CustomerList>('GET', `/properties/${property()}/customers${queryText({ q: phone })}`, undefined, { signal }),
    ])
    return same.filter((account) => items.some((customer) => customer.id === account.customer.id))
  }

  return useQuery({
    queryKey: computed(() => ['desk', property(), words()]),
    queryFn: ({ signal }) => find(words(), signal),
    enabled: computed(() => words() !== ''),
  })
}

/** What else one wants to see of an account before money is taken: supply, and what was bought last. */
export function useDeskFacts(property: () => string, account: () => DeskAccount) {
  const queries = useQueryClient()
  const session = useSessionStore()
  const supply = useQuery({
    queryKey: computed(() => ['desk-supply', property(), account().id]),
    queryFn: async ({ signal }) => (await call<SupplyList>('GET', `/properties/${property()}/supply${queryText({ account: account().id })}`, undefined, { signal })).items,
    enabled: computed(() => session.can('account.read')),
  })
  const orders = useQuery({
    queryKey: computed(() => ['orders', property(), account().id, 'desk']),
    queryFn: async ({ signal }): Promise<Order[]> =>
      (await call<OrderList>('GET', `/properties/${property()}/orders${queryText({ account: account().id, sort: '-id', limit: RECENT })}`, undefined, { signal })).items,
    enabled: computed(() => session.can('account.read')),
  })
  const renew = async (): Promise<void> => {
    await Promise.all(['desk', 'desk-supply', 'orders', 'shift', 'refunds', 'quote'].map((name) => queries.invalidateQueries({ queryKey: [name] })))
  }
  return { supply, orders, renew }
}

import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed } from 'vue'
import { call, versionTag } from '@/api/client'
import type { AccountEdit, TermsEdit } from '@/api/schema'
import type { Account, AccountBills, AccountChanged, AccountClosed, AccountOpened, AccountSwapped, NewAccount } from '@/api/types'

const pathOf = (property: string): string => `/properties/${property}/accounts`

export function useAccount(property: () => string, id: () => string) {
  return useQuery({
    queryKey: computed(() => ['accounts', property(), id()]),
    queryFn: ({ signal }) => call<Account>('GET', `${pathOf(property())}/${id()}`, undefined, { signal }),
    refetchInterval: 60_000,
  })
}

export function useAccountBills(property: () => string, id: () => string) {
  return useQuery({
    queryKey: computed(() => ['account-bills', property(), id()]),
    queryFn: ({ signal }) => call<AccountBills>('GET', `${pathOf(property())}/${id()}/bills`, undefined, { signal }),
  })
}

/** Acts on an account, from the version that was seen. `key` makes a repeat harmless. */
export function useAccountActs(property: () => string) {
  const queries = useQueryClient()

  async function renewed<T>(act: Promise<T>): Promise<T> {
    const result = await act
    await Promise.all(['accounts', 'account-bills', 'statement', 'refunds'].map((key) => queries.invalidateQueries({ queryKey: [key] })))
    return result
  }

  const put = <T>(account: Account, word: string, body: object, key: string): Promise<T> =>
    renewed(call<T>('PUT', `${pathOf(property())}/${account.id}/${word}`, body, { ifMatch: versionTag(account.version), idempotencyKey: key }))

  return {
    create: (body: NewAccount, key: string) => renewed(call<Account>('POST', pathOf(property()), body, { idempotencyKey: key })),
    open: (account: Account, body: object, key: string) => put<AccountOpened>(account, account.state === 'draft' ? 'open' : 'meters', body, key),
    close: (account: Account, body: object, key: string) => put<AccountClosed>(account, 'close', body, key),
    remove: (account: Account, body: object, key: string) => put<AccountClosed>(account, 'remove', body, key),
    change: (account: Account, body: object, key: string) => put<AccountChanged>(account, 'change-customer', body, key),
    swap: (account: Account, body: object, key: string) => put<AccountSwapped>(account, 'swap', body, key),
    move: (account: Account, body: object, key: string) => put<Account>(account, 'move', body, key),
    takeover: (account: Account, reason: string, key: string) => put<AccountOpened>(account, 'takeover', { reason }, key),
    finish: (account: Account, body: object, key: string) => put<AccountClosed>(account, 'finish', body, key),
    payout: (account: Account, body: object, key: string) => put<AccountClosed>(account, 'payout', body, key),
    edit: (account: Account, body: AccountEdit) =>
      renewed(call<Account>('PATCH', `${pathOf(property())}/${account.id}`, body, { ifMatch: versionTag(account.version) })),
    terms: (account: Account, body: TermsEdit) =>
      renewed(call<Account>('PUT', `${pathOf(property())}/${account.id}/terms`, body, { ifMatch: versionTag(account.version) })),
    writeoff: (account: Account, reason: string, key: string) =>
      put<{ approval: string }>(account, 'writeoff', { reason, owed_fen: -account.money.balance_fen }, key),
    state: (account: Account, word: 'suspend' | 'resume' | 'drop', reason: string, key: string) => put<Account>(account, word, { reason }, key),
  }
}

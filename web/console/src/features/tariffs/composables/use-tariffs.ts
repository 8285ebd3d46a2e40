import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed } from 'vue'
import { call, queryText, versionTag } from '@/api/client'
import type { NewTariff, NewTariffUse, NewTariffVersion, Tariff, TariffAssignment, TariffEdit, TariffUse, TariffVersion } from '@/api/schema'

const VERSIONS_ASKED = 100

const pathOf = (property: string): string => `/properties/${property}/tariffs`

export function useTariffs(property: () => string) {
  return useQuery({
    queryKey: computed(() => ['tariffs', property()]),
    queryFn: async ({ signal }) => (await call<{ items: Tariff[] }>('GET', `${pathOf(property())}${queryText({ limit: 500 })}`, undefined, { signal })).items,
  })
}

export function useTariff(property: () => string, tariff: () => string) {
  return useQuery({
    queryKey: computed(() => ['tariffs', property(), tariff()]),
    queryFn: ({ signal }) => call<Tariff>('GET', `${pathOf(property())}/${tariff()}`, undefined, { signal }),
  })
}

export function useVersions(property: () => string, tariff: () => string) {
  return useQuery({
    queryKey: computed(() => ['tariffs', property(), tariff(), 'versions']),
    queryFn: async ({ signal }) =>
      (await call<{ items: TariffVersion[] }>('GET', `${pathOf(property())}/${tariff()}/versions${queryText({ limit: VERSIONS_ASKED })}`, undefined, { signal })).items,
  })
}

export function useTariffUses(property: () => string) {
  return useQuery({
    queryKey: computed(() => ['tariff-uses', property()]),
    queryFn: async ({ signal }) => (await call<{ items: TariffUse[] }>('GET', `/properties/${property()}/tariff-uses${queryText({ limit: 500 })}`, undefined, { signal })).items,
  })
}

/** Meters that pay by a tariff now or will, apart from those that follow their property. */
export function useTariffMeters(property: () => string, tariff: () => string) {
  return useQuery({
    queryKey: computed(() => ['tariff-uses', property(), 'meters', tariff()]),
    queryFn: async ({ signal }) => {
      const items: TariffUse[] = []
      let cursor: string | null = ''
      while (cursor !== null) {
        const page: { items: TariffUse[]; next: string | null } = await call('GET', `/properties/${property()}/tariff-uses${queryText({ tariff: tariff(), limit: 500, cursor })}`, undefined, { signal })
        items.push(...page.items)
        cursor = page.next
      }
      return items
    },
  })
}

/** Where a tariff that was just made is written: a derived one has its prices, any other a draft. */
export function pathOnceMade(property: string, tariff: Tariff, copied: string): string {
  const path = `/tariffs/${property}/${tariff.id}`
  return tariff.base ? path : `${path}/new${queryText({ copied: copied || null })}`
}

/** Published versions: the one that holds now, and the next one. */
export function inForce(versions: readonly TariffVersion[], nowMs: number): { now: TariffVersion | null; next: TariffVersion | null } {
  const published = versions.filter(({ state, valid_from }) => state === 'published' && valid_from !== null)
  const isBegun = ({ valid_from }: TariffVersion): boolean => Date.parse(valid_from!) <= nowMs
  return { now: published.filter(isBegun).at(-1) ?? null, next: published.find((version) => !isBegun(version)) ?? null }
}

/** Of each service what the property pays by now, and what is to follow. */
export function usesNow(uses: readonly TariffUse[], nowMs: number): { now: TariffUse[]; later: TariffUse[] } {
  const now = new Map<string, TariffUse>()
  const later: TariffUse[] = []
  for (const use of uses) {
    if (Date.parse(use.from ?? '') > nowMs) later.push(use)
    else now.set(use.service ?? '', use)
  }
  return { now: [...now.values()], later }
}

export function useTariffActs(property: () => string) {
  const queries = useQueryClient()

  async function renewed<T>(act: Promise<T>): Promise<T> {
    const result = await act
    await Promise.all(['tariffs', 'tariff-uses'].map((key) => queries.invalidateQueries({ queryKey: [key, property()] })))
    return result
  }

  const at = (tariff: string, version?: string): string => `${pathOf(property())}/${tariff}/versions${version ? `/${version}` : ''}`

  return {
    create: (body: NewTariff, key: string) => renewed(call<Tariff>('POST', pathOf(property()), body, { idempotencyKey: key })),
    edit: (tariff: Tariff, body: TariffEdit) => renewed(call<Tariff>('PATCH', `${pathOf(property())}/${tariff.id}`, body, { ifMatch: versionTag(tariff.version) })),
    draft: (tariff: string, body: NewTariffVersion, key: string) => renewed(call<TariffVersion>('POST', at(tariff), body, { idempotencyKey: key })),
    change: (version: TariffVersion, body: NewTariffVersion) =>
      renewed(call<TariffVersion>('PATCH', at(version.tariff, version.id), body, { ifMatch: versionTag(version.version) })),
    publish: (version: TariffVersion, reason: string) =>
      renewed(call<TariffVersion>('PUT', `${at(version.tariff, version.id)}/publication`, { reason }, { ifMatch: versionTag(version.version) })),
    withdraw: (version: TariffVersion, reason: string) =>
      renewed(call<TariffVersion>('PUT', `${at(version.tariff, version.id)}/withdrawal`, { reason }, { ifMatch: versionTag(version.version) })),
    assign: (body: NewTariffUse, key: string) => renewed(call<TariffAssignment>('POST', `/properties/${property()}/tariff-uses`, body, { idempotencyKey: key })),
  }
}

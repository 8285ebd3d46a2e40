import { computed, ref, shallowRef, watch, type Ref } from 'vue'
import type { Meter } from '@/api/types'
import type { Sort } from '@/components/DataTable.vue'
import { freshnessOf } from '@/composables/use-freshness'
import { useNow } from '@/composables/use-now'
import { useLiveStore, type LiveMeter } from '@/stores/live'
import { remembered } from '@/stores/settings'

export const FILTERS = ['all', 'live', 'silent', 'open', 'keep'] as const
export type Filter = (typeof FILTERS)[number]

const SORT_VALUES: Record<string, (meter: Meter, entry: LiveMeter | undefined) => string | number> = {
  name: (meter) => meter.name || meter.meter,
  power: (_meter, entry) => entry?.values?.power_dw ?? Number.NEGATIVE_INFINITY,
  energy: (_meter, entry) => entry?.values?.energy_wh ?? Number.NEGATIVE_INFINITY,
}

function compare(a: string | number, b: string | number): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return String(a).localeCompare(String(b), 'zh-CN', { numeric: true })
}

/** Search, filter and order of the list, and the counts on the filters. */
export function useMeterList(meters: Ref<Meter[]>) {
  const live = useLiveStore()
  const now = useNow()
  const search = ref('')
  const filter = remembered<Filter>('meters.filter', FILTERS, 'all')
  const sort = ref<Sort>({ key: 'name', descending: false })

  function passes(meter: Meter, which: Filter): boolean {
    const entry = live.meters.get(meter.meter)
    const state = entry?.state ?? meter.state
    switch (which) {
      case 'all':
        return true
      case 'live':
        return freshnessOf(entry, now.value) === 'live'
      case 'silent':
        return freshnessOf(entry, now.value) !== 'live'
      case 'open':
        return state !== null && !state.contact
      case 'keep':
        return state?.keep_power ?? false
    }
  }

  const counts = computed(() => {
    const result: Record<Filter, number> = { all: 0, live: 0, silent: 0, open: 0, keep: 0 }
    for (const meter of meters.value)
      for (const which of FILTERS) if (passes(meter, which)) result[which] += 1
    return result
  })

  const found = computed(() => {
    const words = search.value.trim().toLowerCase().split(/\s+/).filter(Boolean)
    return meters.value.filter((meter) => {
      const text = `${meter.meter} ${meter.name} ${meter.gateway} ${meter.chip}`.toLowerCase()
      return words.every((word) => text.includes(word)) && passes(meter, filter.value)
    })
  })

  // Ordered when the user asks or the set changes, not with each live value: rows that jump about
  // under the mouse are worse than an order a few seconds old.
  const rows = shallowRef<Meter[]>([])
  watch(
    [() => found.value.map((meter) => meter.meter).join(), () => sort.value, meters],
    () => {
      const valueOf = SORT_VALUES[sort.value.key] ?? SORT_VALUES['name']!
      const sign = sort.value.descending ? -1 : 1
      rows.value = found.value
        .map((meter) => ({ meter, value: valueOf(meter, live.meters.get(meter.meter)) }))
        .sort((a, b) => sign * compare(a.value, b.value) || compare(a.meter.meter, b.meter.meter))
        .map((item) => item.meter)
    },
    { immediate: true },
  )

  const totalPowerDw = computed(() => {
    let sum = 0
    for (const meter of meters.value) {
      const entry = live.meters.get(meter.meter)
      if (entry?.values && freshnessOf(entry, now.value) === 'live') sum += entry.values.power_dw
    }
    return sum
  })

  return { search, filter, sort, counts, rows, totalPowerDw }
}

import { onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'
import type { Meter } from '@/api/types'
import type { Sort } from '@/components/DataTable.vue'
import { freshnessOf } from '@/composables/use-freshness'
import { useLiveStore, type LiveMeter } from '@/stores/live'
import { remembered } from '@/stores/settings'

export const FILTERS = ['all', 'live', 'silent', 'open', 'keep'] as const
export type Filter = (typeof FILTERS)[number]

export interface Summary {
  counts: Record<Filter, number>
  powerDw: number
  pending: number
}

const LOOK_MS = 1000

const byText = new Intl.Collator('zh-CN', { numeric: true })

const SORT_VALUES: Record<string, (meter: Meter, entry: LiveMeter | undefined) => string | number> = {
  name: (meter) => meter.name || meter.meter,
  power: (_meter, entry) => entry?.values?.power_dw ?? Number.NEGATIVE_INFINITY,
  energy: (_meter, entry) => entry?.values?.energy_wh ?? Number.NEGATIVE_INFINITY,
}

function compare(a: string | number, b: string | number): number {
  if (typeof a === 'number' && typeof b === 'number') return a === b ? 0 : a - b
  return byText.compare(String(a), String(b))
}

/** Which filters a meter passes at this moment. */
function filtersOf(meter: Meter, entry: LiveMeter | undefined, nowMs: number): Filter[] {
  const state = entry?.state ?? meter.state
  const result: Filter[] = ['all', freshnessOf(entry, nowMs) === 'live' ? 'live' : 'silent']
  if (state?.contact === 'open') result.push('open')
  if (state?.keep_power) result.push('keep')
  return result
}

function found(meter: Meter, words: readonly string[]): boolean {
  if (words.length === 0) return true
  const text = `${meter.meter} ${meter.name} ${meter.gateway} ${meter.chip}`.toLowerCase()
  return words.every((word) => text.includes(word))
}

/**
 * Search, filter and order of the list, and the counts above it. It looks at the live values once a
 * second instead of depending on each: ten thousand dependencies would be busier than the meters.
 */
export function useMeterList(meters: Ref<Meter[]>) {
  const live = useLiveStore()
  const search = ref('')
  const filter = remembered<Filter>('meters.filter', FILTERS, 'all')
  const sort = ref<Sort>({ key: 'name', descending: false })
  const rows = shallowRef<Meter[]>([])
  const summary = shallowRef<Summary>({ counts: { all: 0, live: 0, silent: 0, open: 0, keep: 0 }, powerDw: 0, pending: 0 })
  let shown = ''

  /** Rows are put in order when the user asks or the set changes, not when a value moves: rows that
   *  jump about under the mouse are worse than an order some seconds old. */
  function order(list: Meter[]): Meter[] {
    const valueOf = SORT_VALUES[sort.value.key] ?? SORT_VALUES['name']!
    const sign = sort.value.descending ? -1 : 1
    return list
      .map((meter) => ({ meter, value: valueOf(meter, live.peek(meter.meter)) }))
      .sort((a, b) => sign * compare(a.value, b.value) || (a.meter.meter < b.meter.meter ? -1 : 1))
      .map((item) => item.meter)
  }

  function look(reorder: boolean): void {
    const nowMs = performance.now()
    const words = search.value.trim().toLowerCase().split(/\s+/).filter(Boolean)
    const next: Summary = { counts: { all: 0, live: 0, silent: 0, open: 0, keep: 0 }, powerDw: 0, pending: 0 }
    const list: Meter[] = []
    let key = ''
    for (const meter of meters.value) {
      const entry = live.peek(meter.meter)
      const passed = filtersOf(meter, entry, nowMs)
      for (const name of passed) next.counts[name] += 1
      if (passed[1] === 'live') next.powerDw += entry?.values?.power_dw ?? 0
      if (meter.commands_pending > 0) next.pending += 1
      if (!passed.includes(filter.value) || !found(meter, words)) continue
      list.push(meter)
      key += meter.meter
    }
    summary.value = next
    if (!reorder && key === shown) return
    shown = key
    rows.value = order(list)
  }

  watch([search, filter, sort, meters], () => look(true), { immediate: true })
  const timer = setInterval(() => look(false), LOOK_MS)
  onScopeDispose(() => clearInterval(timer))

  return { search, filter, sort, rows, summary }
}

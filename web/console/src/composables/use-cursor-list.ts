import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, ref, watch } from 'vue'
import { call, queryText } from '@/api/client'
import { useSettingsStore } from '@/stores/settings'

export interface CursorPage<Item> {
  items: Item[]
  next: string | null
}

/** As long as the person likes them: settings.pageSize. */
const CHOSEN = 50

export type ListQuery = Record<string, string | number | boolean | null | undefined>

/**
 * A list that the server filters, sorts and cuts into pages: one page at a time, forward by the
 * server's cursor and back over those that were seen. Another filter begins at the first page.
 * A list without a `limit` of its own, or with one of 50, has as many rows as the person chose for long lists.
 * `path` null: nothing is asked yet (as before a property is known).
 */
export function useCursorList<Item>(
  name: string,
  path: () => string | null,
  query: () => ListQuery = () => ({}),
  { limit: asked = CHOSEN, refetchMs }: { limit?: number; refetchMs?: number | ((items: readonly Item[]) => number) } = {},
) {
  const settings = useSettingsStore()
  const sized = asked === CHOSEN
  const limit = computed(() => (sized ? Number(settings.pageSize) : asked))
  const cursors = ref<string[]>([''])
  const cursor = computed(() => cursors.value.at(-1) ?? '')
  const wish = computed(() => `${path() ?? ''}${queryText({ ...query(), limit: limit.value })}`)
  watch(wish, () => (cursors.value = ['']), { flush: 'sync' })

  const result = useQuery({
    queryKey: computed(() => [name, wish.value, cursor.value]),
    queryFn: ({ signal }) =>
      call<CursorPage<Item>>('GET', `${path()}${queryText({ ...query(), limit: limit.value, cursor: cursor.value })}`, undefined, { signal }),
    enabled: computed(() => path() !== null),
    placeholderData: keepPreviousData,
    ...(refetchMs && {
      refetchInterval: (query: { state: { data?: CursorPage<Item> } }) =>
        typeof refetchMs === 'number' ? refetchMs : refetchMs(query.state.data?.items ?? []),
    }),
  })

  const items = computed(() => result.data.value?.items ?? [])
  const page = computed(() => cursors.value.length)
  const hasNext = computed(() => !!result.data.value?.next && !result.isPlaceholderData.value)

  function next(): void {
    const to = result.data.value?.next
    if (to && hasNext.value) cursors.value = [...cursors.value, to]
  }

  function previous(): void {
    if (cursors.value.length > 1) cursors.value = cursors.value.slice(0, -1)
  }

  return { query: result, items, page, sized, hasNext, hasPrevious: computed(() => page.value > 1), next, previous }
}

export type CursorList<Item> = ReturnType<typeof useCursorList<Item>>

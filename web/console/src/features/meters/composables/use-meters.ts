import { useInfiniteQuery } from '@tanstack/vue-query'
import { computed, watch } from 'vue'
import { call } from '@/api/client'
import type { Meter, MeterPage } from '@/api/types'
import { useLiveStore } from '@/stores/live'

const PAGE_SIZE = 500
const REFRESH_MS = 30_000

/** Every meter that the user may see, page by page; the live store is seeded on the way. */
export function useMeters() {
  const live = useLiveStore()
  const query = useInfiniteQuery({
    queryKey: ['meters'],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) =>
      call<MeterPage>('GET', `/meters?limit=${PAGE_SIZE}${pageParam ? `&cursor=${encodeURIComponent(pageParam)}` : ''}`, undefined, { signal }),
    getNextPageParam: (page) => page.next ?? undefined,
    shallow: true, // no proxy around each of 10,000 meters
    refetchInterval: (query) => REFRESH_MS * Math.max(1, query.state.data?.pages.length ?? 1),
  })

  const meters = computed<Meter[]>(() => query.data.value?.pages.flatMap((page) => page.items) ?? [])

  watch(
    () => query.data.value?.pages ?? [],
    (pages, before) => {
      for (const page of pages) if (!before?.includes(page)) live.seed(page.items)
    },
    { immediate: true },
  )
  watch(
    () => [query.hasNextPage.value, query.isFetching.value] as const,
    ([more, busy]) => {
      if (more && !busy) void query.fetchNextPage()
    },
    { immediate: true },
  )

  return { meters, query }
}

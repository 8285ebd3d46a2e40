import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, watch } from 'vue'
import { call } from '@/api/client'
import type { Command, Meter, LoggedEvent } from '@/api/types'
import { useWatched } from '@/composables/use-watched'
import { isPending, useLiveStore } from '@/stores/live'
import { mergeCommands } from '@/stores/merge-commands'

const PENDING_POLL_MS = 1_000
const PENDING_CHECK_MS = 4_000
const EVENTS_POLL_MS = 15_000

interface CommandList {
  items: Command[]
}

/** One meter with its commands and events; live values come by the stream. */
export function useMeter(meter: () => string) {
  const live = useLiveStore()
  const queries = useQueryClient()

  const meterQuery = useQuery({
    queryKey: computed(() => ['meter', meter()]),
    queryFn: ({ signal }) => call<Meter>('GET', `/meters/${meter()}`, undefined, { signal }),
    refetchInterval: 30_000,
  })

  const commandsQuery = useQuery({
    queryKey: computed(() => ['commands', meter()]),
    queryFn: async ({ signal, queryKey }) => {
      const told = await call<CommandList>('GET', `/meters/${meter()}/commands`, undefined, { signal })
      const known = queries.getQueryData<CommandList>(queryKey)?.items ?? []
      return { items: mergeCommands(known, told.items) }
    },
    // The stream tells each stage; the poll covers a stream that is away, or a word that was lost.
    refetchInterval: (query) => {
      if (!query.state.data?.items.some(isPending)) return false
      return live.connected ? PENDING_CHECK_MS : PENDING_POLL_MS
    },
  })

  const eventsQuery = useQuery({
    queryKey: computed(() => ['events', meter()]),
    queryFn: ({ signal }) =>
      call<{ items: LoggedEvent[] }>('GET', `/meters/${meter()}/events`, undefined, { signal }),
    refetchInterval: EVENTS_POLL_MS,
  })

  watch(
    () => meterQuery.data.value,
    (data) => {
      if (data) live.seed([data])
    },
    { immediate: true },
  )
  const watchMeters = useWatched()
  watch(meter, (now) => watchMeters([now]), { immediate: true })

  const commands = computed(() => commandsQuery.data.value?.items ?? [])
  // The platform sets clocks by itself; that neither hides nor holds up what a person asked for.
  const asked = computed(() => commands.value.filter((command) => command.kind !== 'time'))
  const newest = computed(() => asked.value[0] ?? null)
  const pending = computed(() => asked.value.find(isPending) ?? null)

  return { meterQuery, commandsQuery, eventsQuery, commands, newest, pending }
}

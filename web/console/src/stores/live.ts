import { useQueryClient, type InfiniteData } from '@tanstack/vue-query'
import { defineStore } from 'pinia'
import { computed, ref, shallowReactive } from 'vue'
import { serverNow } from '@/api/client'
import { EventStream, type StreamState } from '@/api/stream'
import type { Command, LiveItem, Meter, MeterPage, MeterState, MeterValues } from '@/api/types'
import { mergeCommands } from './merge-commands'
import { useSessionStore } from './session'

/** Silence after which a value is shown as stale: three missed seconds and some transport. */
export const STALE_AFTER_MS = 3500

/** Kept for the live curve: about five minutes at one sample a second. */
const TRACE_LENGTH = 300

const MAP_SOON_MS = 300
const MAP_EVERY_MS = 3000

export interface LiveMeter {
  values: MeterValues | null
  state: MeterState | null
  quality: string[]
  atMs: number
  /** performance.now() of the moment when this value was news to us. */
  heardMs: number
  /** The server's word at the last list; it counts while we do not listen ourselves. */
  online: boolean
  /** We listen to this meter ourselves. */
  watched: boolean
  /** Until this moment its silence is not held against it: we only just began to listen. */
  graceMs: number
}

export interface Sample {
  atMs: number
  values: MeterValues
}

function entryOf(meter: Meter): LiveMeter {
  const atMs = meter.live ? Date.parse(meter.live.at) : 0
  return {
    values: meter.live,
    state: meter.state,
    quality: meter.quality,
    atMs,
    heardMs: performance.now() - Math.max(0, serverNow() - atMs),
    online: meter.online,
    watched: false,
    graceMs: 0,
  }
}

/** The newest values of every meter this page has heard of, fed by the one stream. */
export const useLiveStore = defineStore('live', () => {
  const queries = useQueryClient()
  const session = useSessionStore()

  const entries = new Map<string, LiveMeter>()
  const meters = shallowReactive(entries)
  const traces = new Map<string, Sample[]>()
  const watched = new Set<string>()
  let watcher: symbol | null = null
  const streamState = ref<StreamState>('connecting')
  const lostAtMs = ref<number | null>(null)
  const connected = computed(() => streamState.value === 'open')

  function remember(meter: string, values: MeterValues, atMs: number): void {
    const trace = traces.get(meter) ?? []
    const newest = trace.at(-1)
    if (newest && newest.atMs >= atMs) return
    trace.push({ atMs, values })
    if (trace.length > TRACE_LENGTH) trace.shift()
    traces.set(meter, trace)
  }

  function hear(item: LiveItem): void {
    const atMs = Date.parse(item.at)
    const known = meters.get(item.meter)
    const news = !known || atMs > known.atMs
    const age = Math.max(0, serverNow() - atMs)
    // A first value may be an old one from the server's memory; a newer one was just measured.
    const heardMs = !news ? known.heardMs : known ? performance.now() : performance.now() - age
    meters.set(item.meter, {
      values: item,
      state: item.state,
      quality: item.quality,
      atMs: Math.max(atMs, known?.atMs ?? 0),
      heardMs,
      online: true,
      watched: watched.has(item.meter),
      graceMs: known?.graceMs ?? 0,
    })
    if (news) remember(item.meter, item, atMs)
  }

  /** Values of a list answer; they never replace newer ones of the stream. */
  function seed(list: readonly Meter[]): void {
    for (const meter of list) {
      const known = meters.get(meter.meter)
      const entry = entryOf(meter)
      entry.watched = watched.has(meter.meter)
      entry.graceMs = known?.graceMs ?? (meter.online ? performance.now() + STALE_AFTER_MS : 0)
      if (known && known.atMs >= entry.atMs) {
        meters.set(meter.meter, { ...known, online: meter.online })
        continue
      }
      meters.set(meter.meter, entry)
      if (meter.live) remember(meter.meter, meter.live, entry.atMs)
    }
  }

  /**
   * These rows are in sight: their values come live, and their silence is judged by us. A page that
   * goes away gives up its own wish only, never that of the page that replaced it.
   */
  function watch(owner: symbol, list: readonly string[]): void {
    watcher = owner
    listen(new Set(list))
  }

  function unwatch(owner: symbol): void {
    if (watcher === owner) listen(new Set())
  }

  function listen(wanted: Set<string>): void {
    for (const [meter, entry] of meters) {
      if (entry.watched === wanted.has(meter)) continue
      const graceMs = entry.online ? performance.now() + STALE_AFTER_MS : 0
      meters.set(meter, { ...entry, watched: !entry.watched, graceMs })
    }
    watched.clear()
    for (const meter of wanted) watched.add(meter)
    stream.watch([...wanted])
  }

  function putCommand(command: Command): void {
    queries.setQueryData<{ items: Command[] }>(
      ['commands', command.meter],
      (old) => old && { ...old, items: mergeCommands(old.items, [command]) },
    )
    void queries.invalidateQueries({ queryKey: ['events', command.meter] })
    mapChanged()
    const pending = isPending(command) ? 1 : 0
    const patch = (meter: Meter): Meter =>
      meter.meter === command.meter ? { ...meter, commands_pending: pending } : meter
    queries.setQueryData<InfiniteData<MeterPage>>(['meters'], (old) =>
      old && { ...old, pages: old.pages.map((page) => ({ ...page, items: page.items.map(patch) })) },
    )
  }

  let mapAtMs = -Infinity
  let mapTimer: ReturnType<typeof setTimeout> | undefined

  /** However many events come, the map of all rooms is read once in a while. */
  function mapChanged(): void {
    if (mapTimer !== undefined) return
    const wait = Math.max(MAP_SOON_MS, mapAtMs + MAP_EVERY_MS - performance.now())
    mapTimer = setTimeout(() => {
      mapTimer = undefined
      mapAtMs = performance.now()
      void queries.invalidateQueries({ queryKey: ['room-map'] })
    }, wait)
  }

  const stream = new EventStream({
    live: (items) => items.forEach(hear),
    command: putCommand,
    device: () => {
      void queries.invalidateQueries({ queryKey: ['devices'] })
      void queries.invalidateQueries({ queryKey: ['meters'] })
    },
    gateway: () => {
      void queries.invalidateQueries({ queryKey: ['gateways'] })
      mapChanged()
    },
    supply: mapChanged,
    alarm: () => void queries.invalidateQueries({ queryKey: ['events'] }),
    access: () => void session.recheck().then(() => queries.invalidateQueries()),
    reset: () => void queries.invalidateQueries(),
    state: (state) => {
      if (state === 'lost' && lostAtMs.value === null) {
        lostAtMs.value = serverNow()
        void session.recheck() // the server also closes it when a right is taken away
      }
      if (state === 'open') lostAtMs.value = null
      streamState.value = state
    },
    resync: () => {
      void queries.invalidateQueries({ queryKey: ['commands'] })
    },
    refused: () => void session.recheck(),
  })

  /** Who may see no meter would be refused, again and again. */
  function start(): void {
    if (session.can('property.read')) stream.start()
  }

  return {
    meters,
    traces,
    streamState,
    connected,
    lostAtMs,
    /** The entry without a dependency on it, for those who look at all of them now and then. */
    peek: (meter: string): LiveMeter | undefined => entries.get(meter),
    seed,
    hear,
    putCommand,
    watch,
    unwatch,
    start,
    /** A page out of sight needs no stream, and browsers allow few of them per site. */
    pause: () => {
      stream.stop()
      lostAtMs.value = null
    },
    resume: () => {
      const graceMs = performance.now() + STALE_AFTER_MS
      for (const [meter, entry] of entries) if (entry.watched && entry.online) meters.set(meter, { ...entry, graceMs })
      start()
    },
    stop: () => {
      stream.stop()
      listen(new Set())
      meters.clear()
      traces.clear()
      watched.clear()
      queries.clear()
    },
  }
})

const FINAL_STAGES = new Set(['verified', 'refused', 'failed', 'expired'])

export function isPending(command: Command): boolean {
  return !FINAL_STAGES.has(command.stage)
}

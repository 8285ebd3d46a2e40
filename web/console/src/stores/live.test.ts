import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { createPinia } from 'pinia'
import { beforeEach, describe, expect, it } from 'vitest'
import { createApp } from 'vue'
import type { Command, CommandStage, LiveItem, Meter } from '@/api/types'
import { useLiveStore } from './live'
import { mergeCommands } from './merge-commands'

const METER = '330100000001'
const state = {
  contact: 'closed',
  want: 'closed',
  forced_trip: false,
  keep_power: false,
  close_allowed: false,
  relay_fault: false,
  clock_set: true,
} as const

let queries: QueryClient
let live: ReturnType<typeof useLiveStore>

beforeEach(() => {
  queries = new QueryClient()
  const app = createApp({}).use(createPinia()).use(VueQueryPlugin, { queryClient: queries })
  live = app.runWithContext(() => useLiveStore())
})

const values = (atMs: number, power_dw = 1000) => ({
  at: new Date(atMs).toISOString(),
  voltage_dv: 2300,
  current_ma: 500,
  power_dw,
  pf_permille: 990,
  frequency_chz: 5000,
  energy_wh: 42,
})
const item = (atMs: number, power_dw?: number): LiveItem => ({ meter: METER, ...values(atMs, power_dw), state, quality: [] })
const listed = (atMs: number, online = true): Meter => ({
  meter: METER,
  name: '1 号楼 101 室',
  property: 'p1',
  space: null,
  gateway: 'gw-1',
  chip: '0'.repeat(24),
  online,
  quality: [],
  state,
  live: values(atMs),
  last_reading_at: null,
  gateway_online: true,
  commands_pending: 0,
  room_state: 'open',
})
const command = (...stages: CommandStage[]): Command => ({
  id: '7',
  meter: METER,
  kind: 'trip',
  by: 'admin',
  reason: 'test',
  created_at: new Date(0).toISOString(),
  expires_at: new Date(60_000).toISOString(),
  stage: stages.at(-1)!,
  stages: stages.map((stage, i) => ({ stage, at: new Date(i).toISOString() })),
})

describe('values', () => {
  it('of a list never replace newer ones of the stream', () => {
    const now = Date.now()
    live.seed([listed(now - 5000)])
    live.hear(item(now, 7777))
    live.seed([listed(now - 1000)])
    expect(live.peek(METER)?.values?.power_dw).toBe(7777)
  })
  it('that repeat an old time do not make a silent meter look alive', () => {
    const now = Date.now()
    live.seed([listed(now - 60_000)])
    const before = live.peek(METER)!.heardMs
    live.hear(item(now - 60_000))
    expect(live.peek(METER)!.heardMs).toBe(before)
  })
  it('make a curve, each moment once', () => {
    for (const atMs of [1000, 2000, 2000, 1500, 3000]) live.hear(item(atMs))
    expect(live.traces.get(METER)?.map((sample) => sample.atMs)).toEqual([1000, 2000, 3000])
  })
})

describe('watching', () => {
  it('belongs to the newest page; one that leaves late takes nothing away', () => {
    live.seed([listed(Date.now())])
    const list = Symbol('list')
    const detail = Symbol('detail')
    live.watch(list, [METER])
    live.watch(detail, [METER])
    live.unwatch(list)
    expect(live.peek(METER)?.watched).toBe(true)
    live.unwatch(detail)
    expect(live.peek(METER)?.watched).toBe(false)
  })
  it('gives a row that comes in sight time to speak, unless the server knows that it is silent', () => {
    live.seed([listed(Date.now() - 60_000, false)])
    live.watch(Symbol('page'), [METER])
    expect(live.peek(METER)?.graceMs).toBe(0)
    live.seed([listed(Date.now() - 50_000, true)])
    live.unwatch(Symbol('another'))
    const page = Symbol('page')
    live.watch(page, [])
    live.watch(page, [METER])
    expect(live.peek(METER)!.graceMs).toBeGreaterThan(performance.now())
  })
})

describe('commands', () => {
  const shown = () => queries.getQueryData<{ items: Command[] }>(['commands', METER])?.items[0]?.stage

  it('go forward: the answer to our own call may be older than what the stream has told', () => {
    queries.setQueryData(['commands', METER], { items: [], next: null })
    live.putCommand(command('queued', 'sent', 'received'))
    live.putCommand(command('queued'))
    expect(shown()).toBe('received')
    live.putCommand(command('queued', 'sent', 'received', 'refused'))
    expect(shown()).toBe('refused')
  })
})

describe('mergeCommands', () => {
  it('keeps the later word about each command, newest command first', () => {
    const other = { ...command('queued'), id: '8', created_at: new Date(5000).toISOString() }
    const merged = mergeCommands([command('queued', 'sent', 'verified')], [command('queued', 'sent'), other])
    expect(merged.map((item) => [item.id, item.stage])).toEqual([['8', 'queued'], ['7', 'verified']])
  })
})

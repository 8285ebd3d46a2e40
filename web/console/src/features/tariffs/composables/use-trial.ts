import { onScopeDispose, ref, shallowRef } from 'vue'
import { callLines, queryText } from '@/api/client'

export interface TrialRow {
  account: { id: string; code: string }
  customer: { id: string; name: string }
  path: string
  meters: number
  without: number
  from: string | null
  to: string | null
  units: number
  now_fen: number
  tried_fen: number
  priced: boolean
  faults: number
}

export interface TrialSums {
  accounts: number
  meters: number
  flat_fee: number
  more: number
  less: number
  same: number
  units: number
  now_fen: number
  tried_fen: number
  damaged: number
}

type Line = { kind: 'progress'; permille: number } | ({ kind: 'account' } & TrialRow) | ({ kind: 'end' } & TrialSums)

export interface TrialAsk {
  from: string
  to: string
  who: 'users' | 'all'
  space: string | null
}

/** A version tried on stored readings; the rows come at the end, the progress before. */
export function useTrial(path: () => string) {
  const state = ref<'none' | 'running' | 'done' | 'failed'>('none')
  const permille = ref(0)
  const rows = shallowRef<TrialRow[]>([])
  const sums = shallowRef<TrialSums | null>(null)
  const error = shallowRef<unknown>(null)
  let abort: AbortController | null = null

  async function run(ask: TrialAsk): Promise<void> {
    stop()
    const mine = (abort = new AbortController())
    const found: TrialRow[] = []
    state.value = 'running'
    permille.value = 0
    error.value = null
    sums.value = null
    rows.value = []
    try {
      await callLines<Line>(`${path()}/trial${queryText({ ...ask })}`, mine.signal, (line) => {
        if (line.kind === 'progress') permille.value = line.permille
        else if (line.kind === 'account') found.push(line)
        else sums.value = line
      })
      if (abort !== mine) return
      rows.value = found
      state.value = sums.value ? 'done' : 'failed'
    } catch (cause) {
      if (abort !== mine) return
      error.value = cause
      state.value = 'failed'
    }
  }

  function stop(): void {
    abort?.abort()
    abort = null
    if (state.value === 'running') state.value = 'none'
  }

  onScopeDispose(stop)
  return { state, permille, rows, sums, error, run, stop }
}

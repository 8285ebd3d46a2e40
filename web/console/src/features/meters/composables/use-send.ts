import { useQueryClient } from '@tanstack/vue-query'
import { ref } from 'vue'
import { call, newKey } from '@/api/client'
import type { Command, CommandKind } from '@/api/types'
import { useLiveStore } from '@/stores/live'

export interface Wish {
  kind: CommandKind
  reason: string
  until?: string
}

/** Sends one command. A retry after a lost answer uses the same key, so it cannot act twice. */
export function useSend(meter: () => string) {
  const queries = useQueryClient()
  const live = useLiveStore()
  const busy = ref(false)
  let key = newKey()
  let keyOf = ''

  async function send(wish: Wish): Promise<Command> {
    const body = JSON.stringify([meter(), wish])
    if (body !== keyOf) {
      key = newKey()
      keyOf = body
    }
    busy.value = true
    try {
      const command = await call<Command>('POST', `/meters/${meter()}/commands`, wish, { idempotencyKey: key })
      keyOf = ''
      live.putCommand(command)
      void queries.invalidateQueries({ queryKey: ['commands', meter()] })
      return command
    } finally {
      busy.value = false
    }
  }

  return { send, busy }
}

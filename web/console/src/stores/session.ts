import { defineStore } from 'pinia'
import { ref } from 'vue'
import { ApiError, call } from '@/api/client'
import type { Session } from '@/api/types'

export const useSessionStore = defineStore('session', () => {
  const user = ref<Session | null>(null)
  const known = ref(false)

  /** Asks once who we are; later calls answer from memory. */
  async function load(): Promise<Session | null> {
    if (known.value) return user.value
    await recheck()
    return user.value
  }

  async function recheck(): Promise<void> {
    try {
      user.value = await call<Session>('GET', '/session')
      known.value = true
    } catch (error) {
      // Only a clear "no" ends the session: a server that is away may still know us.
      if (!(error instanceof ApiError) || error.status !== 401) return
      user.value = null
      known.value = true
    }
  }

  async function login(name: string, password: string): Promise<void> {
    user.value = await call<Session>('POST', '/session', { name, password })
    known.value = true
  }

  async function logout(): Promise<void> {
    await call<void>('DELETE', '/session')
    user.value = null
  }

  /** The first release knows one role, and it may do everything its pages offer. */
  function can(_permission: string): boolean {
    return user.value !== null
  }

  return { user, known, load, recheck, login, logout, can }
})

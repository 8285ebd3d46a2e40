import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { ApiError, call, onRefused } from '@/api/client'
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

  let checking: Promise<void> | null = null

  /** Asks again: what we hold may have changed meanwhile. */
  function recheck(): Promise<void> {
    checking ??= ask().finally(() => (checking = null))
    return checking
  }

  async function ask(): Promise<void> {
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

  onRefused(() => {
    if (user.value) void recheck()
  })

  /** `code`: of the second factor; the server asks for it with 401 `code-needed`. */
  async function login(name: string, password: string, code?: string): Promise<void> {
    user.value = await call<Session>('POST', '/session', { name, password, ...(code && { code }) })
    known.value = true
  }

  async function logout(): Promise<void> {
    await call<void>('DELETE', '/session')
    user.value = null
  }

  /** A password to change, or a second factor to enrol: until then the server answers nothing else. */
  const mustFirst = computed(() => !!user.value && (user.value.password_change_needed || user.value.second_factor_needed))

  /** What the person holds somewhere; whether it holds at one place, the server says. */
  function can(permission: string): boolean {
    if (!user.value || permission === 'own') return user.value !== null
    return !mustFirst.value && (permission === 'login' || user.value.permissions.includes(permission))
  }

  /** Changes when what the person may see changes. */
  const rights = computed(() => (mustFirst.value ? '' : (user.value?.permissions.join() ?? '')))

  return { user, known, mustFirst, rights, load, recheck, login, logout, can }
})

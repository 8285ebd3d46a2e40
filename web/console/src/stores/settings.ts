import { defineStore } from 'pinia'
import { ref, watch } from 'vue'
import { speak, type Language } from '@/i18n'

export type Theme = 'light' | 'dark' | 'auto'

/** Every list of the server gives so many. */
export const PAGE_SIZES = ['20', '50', '100'] as const
export type PageSize = (typeof PAGE_SIZES)[number]

function stored(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null // a browser that forbids storage still gets a working page
  }
}

function store(key: string, value: string): void {
  try {
    localStorage.setItem(key, value)
  } catch {
    return
  }
}

/** A small choice that should still be there tomorrow. */
export function remembered<T extends string>(key: string, allowed: readonly T[], fallback: T) {
  const old = stored(`wattle.${key}`) as T | null
  const value = ref<T>(old !== null && allowed.includes(old) ? old : fallback)
  watch(value, (now) => store(`wattle.${key}`, now as T))
  return value
}

/** The same for a word that has no fixed list. */
export function rememberedText(key: string) {
  const value = ref(stored(`wattle.${key}`) ?? '')
  // A field that is cleared gives no text at all.
  watch(value, (now: string | undefined) => store(`wattle.${key}`, now ?? ''))
  return value
}

export const useSettingsStore = defineStore('settings', () => {
  const theme = remembered<Theme>('theme', ['light', 'dark', 'auto'], 'auto')
  const language = remembered<Language>('language', ['zh-CN', 'en'], 'zh-CN')
  const menu = remembered<'wide' | 'narrow'>('menu', ['wide', 'narrow'], window.innerWidth < 1400 ? 'narrow' : 'wide')
  /** Rows of a page in the long lists. */
  const pageSize = remembered<PageSize>('page_size', PAGE_SIZES, '50')
  const system = matchMedia('(prefers-color-scheme: dark)')
  const dark = ref(false)

  function apply(): void {
    dark.value = theme.value === 'dark' || (theme.value === 'auto' && system.matches)
    document.documentElement.classList.toggle('dark', dark.value)
  }

  watch(theme, apply, { immediate: true })
  system.addEventListener('change', apply)
  /** Fulfilled when the texts of the language it began with are there. */
  const spoken = speak(language.value)
  watch(language, (now) => void speak(now))

  return { theme, language, menu, pageSize, dark, spoken }
})

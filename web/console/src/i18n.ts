import { shallowRef } from 'vue'
import type { Language as ElementLanguage } from 'element-plus/es/locale'
import { createI18n } from 'vue-i18n'
import zhCN from './locales/zh-CN.json'

export type Language = 'zh-CN' | 'en'

type Texts = typeof zhCN

export const i18n = createI18n({
  legacy: false,
  locale: 'zh-CN',
  fallbackLocale: 'zh-CN',
  messages: { 'zh-CN': zhCN, en: {} as Texts },
})

/** The words of Element Plus in English, once they are there. */
export const elementEnglish = shallowRef<ElementLanguage | null>(null)

let english: Promise<void> | null = null
let wanted: Language = 'zh-CN'

/** The common texts in English come when somebody wants them; what failed is asked again the next time. */
export function loadEnglish(): Promise<void> {
  english ??= Promise.all([import('./locales/en.json'), import('element-plus/es/locale/lang/en')]).then(
    ([texts, element]) => {
      i18n.global.mergeLocaleMessage('en', texts.default)
      elementEnglish.value = element.default
    },
  )
  english.catch(() => (english = null))
  return english
}

/** From now on in this language; a text that could not be loaded is shown in Chinese. */
export async function speak(language: Language): Promise<void> {
  wanted = language
  if (language === 'en') await loadEnglish().catch(() => {})
  if (wanted !== language) return // changed again while it was loading
  i18n.global.locale.value = language
  document.documentElement.lang = language
}

/** Texts that only a feature's own pages need come with them: features/NAME/locales/*.json. */
const files = import.meta.glob<Texts>('./features/*/locales/*.json', { import: 'default' })
const asked = new Map<string, Promise<void>>()

export async function loadTexts(features: readonly string[]): Promise<void> {
  await Promise.all(features.map(load))
}

/** Both languages of a feature; what failed is asked again the next time. */
function load(feature: string): Promise<void> {
  const known = asked.get(feature)
  if (known) return known
  const loading = Promise.all(
    (['zh-CN', 'en'] as const).map(async (language) => {
      const texts = await files[`./features/${feature}/locales/${language}.json`]?.()
      if (texts) i18n.global.mergeLocaleMessage(language, texts)
    }),
  ).then(() => undefined)
  asked.set(feature, loading)
  loading.catch(() => asked.delete(feature))
  return loading
}

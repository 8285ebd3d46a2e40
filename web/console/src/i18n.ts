import { createI18n } from 'vue-i18n'
import en from './locales/en.json'
import zhCN from './locales/zh-CN.json'

export type Language = 'zh-CN' | 'en'

type Texts = typeof zhCN

export const i18n = createI18n({
  legacy: false,
  locale: 'zh-CN',
  fallbackLocale: 'zh-CN',
  messages: { 'zh-CN': zhCN, en },
})

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

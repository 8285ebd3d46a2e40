import { useI18n } from 'vue-i18n'
import { span } from '@/format/time'

/** Words that come from the server as codes: named in the locale, or shown as they are. */
export function useWords() {
  const { t, te } = useI18n()

  function word(group: string, code: string | number): string {
    const key = `${group}.${String(code).replaceAll('-', '_')}`
    return te(key) ? t(key) : String(code)
  }

  function duration(ms: number): string {
    const { unit, count } = span(ms)
    return t(`span.${unit}`, { n: count }, count)
  }

  return { word, duration }
}

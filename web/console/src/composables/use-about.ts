import { useI18n } from 'vue-i18n'
import type { Approval } from '@/api/schema'
import { count, money } from '@/format/number'
import { useWords } from './use-words'

/** What an approval is about, out of its figures: "保电：33 块表", "户 17：12.00 元". */
export function useAboutText() {
  const { t } = useI18n()
  const { word } = useWords()

  return ({ about, object }: Pick<Approval, 'about' | 'object'>): string => {
    if (about.kind === 'other') return object
    const what =
      about.id === null
        ? t(`about.${about.kind}`, { n: count(about.count ?? 0) })
        : t(`about.${about.kind}`, { id: about.id })
    const whole = about.command ? t('about.command', { command: word('command', about.command), what }) : what
    return about.amount_fen === null ? whole : t('about.amount', { what: whole, sum: money(about.amount_fen) })
  }
}

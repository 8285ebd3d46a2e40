import { useI18n } from 'vue-i18n'
import type { Lease, Reminder } from '@/api/types'

/** The places of a lease in one line, and how many more it has where one may not look. */
export function useSpacesText() {
  const { t } = useI18n()
  return ({ spaces, more_spaces }: Pick<Lease | Reminder, 'spaces' | 'more_spaces'>): string =>
    [...spaces.map((space) => space.path), ...(more_spaces > 0 ? [t('leases.more_spaces', { n: more_spaces })] : [])].join(', ')
}

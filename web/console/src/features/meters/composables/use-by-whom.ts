import { useI18n } from 'vue-i18n'
import type { Command } from '@/api/types'

/** Who asked for a command and why; the platform asks for some by itself, without a reason. */
export function useByWhom(): (command: Command) => string {
  const { t } = useI18n()
  return ({ by, reason }) => [by === 'platform' ? t('command.by_platform') : by, reason].filter(Boolean).join(' · ')
}

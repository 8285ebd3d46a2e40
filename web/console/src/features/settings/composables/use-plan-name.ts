import { useI18n } from 'vue-i18n'
import type { AlarmPlan } from '@/api/types'

/** The built-in plan has a code only; people read a name. */
export function usePlanName() {
  const { t } = useI18n()
  return ({ name }: AlarmPlan): string => (name.source === 'builtin' ? t('settings.plan_default') : name.value)
}

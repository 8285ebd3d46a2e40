import { useI18n } from 'vue-i18n'
import { onBeforeRouteLeave, onBeforeRouteUpdate } from 'vue-router'

/** Asks before a page, or the object on it, is left with changes that nobody saved. */
export function useUnsaved(changed: () => boolean): void {
  const { t } = useI18n()
  const mayGo = (): boolean => !changed() || window.confirm(t('form.leave'))
  onBeforeRouteLeave(mayGo)
  onBeforeRouteUpdate(mayGo)
}

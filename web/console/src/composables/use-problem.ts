import { useI18n } from 'vue-i18n'
import { ApiError } from '@/api/client'

let inChinese: ((detail: string) => string) | null = null
let asked = false

/** Before the first thing goes wrong; until it is there a detail stays English. */
function learnChinese(): void {
  if (asked) return
  asked = true
  void import('@/api/details-zh').then(
    (module) => (inChinese = module.inChinese),
    () => (asked = false),
  )
}

/** The sentence that a person reads when a call failed. */
export function useProblem() {
  const { t, locale } = useI18n()
  if (locale.value === 'zh-CN') learnChinese()
  return (error: unknown): string => {
    if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error)
    const { problem } = error
    if (problem.status === 0) return t('problem.offline')
    const chinese = locale.value === 'zh-CN'
    const title = chinese ? (problem.title_zh ?? problem.title) : problem.title
    if (!problem.detail) return title
    return `${title}${chinese ? '：' : ': '}${(chinese && inChinese?.(problem.detail)) || problem.detail}`
  }
}

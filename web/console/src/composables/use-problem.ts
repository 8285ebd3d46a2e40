import { useI18n } from 'vue-i18n'
import { inChinese } from '@/api/chinese'
import { ApiError } from '@/api/client'

/** The sentence that a person reads when a call failed. */
export function useProblem() {
  const { t, locale } = useI18n()
  return (error: unknown): string => {
    if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error)
    const { problem } = error
    if (problem.status === 0) return t('problem.offline')
    const chinese = locale.value === 'zh-CN'
    const title = chinese ? (problem.title_zh ?? problem.title) : problem.title
    if (!problem.detail) return title
    return `${title}${chinese ? '：' : ': '}${chinese ? inChinese(problem.detail) : problem.detail}`
  }
}

import { ref, watchEffect } from 'vue'
import { useI18n } from 'vue-i18n'
import { inChinese, learnChinese } from '@/api/chinese'

const FIELD = /^([a-z][\w.[\]]*) (.+)$/

/** Also where the server puts the field in front: "account is closed". */
export function sentenceInChinese(english: string): string {
  const whole = inChinese(english)
  if (whole !== english) return whole
  const [, field, rest] = FIELD.exec(english) ?? []
  const chinese = rest ? inChinese(rest) : ''
  return chinese === rest || !chinese ? english : `${field}：${chinese}`
}

/** What stands in an answer in the server's English (of rows of a sheet, of acts that failed), as a person reads it. */
export function useSentence() {
  const { locale } = useI18n()
  const ready = ref(false)
  watchEffect(() => {
    if (locale.value === 'zh-CN' && !ready.value) void learnChinese().then(() => (ready.value = true))
  })
  return (english: string): string => (locale.value === 'zh-CN' && ready.value ? sentenceInChinese(english) : english)
}

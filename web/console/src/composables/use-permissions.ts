import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { useI18n } from 'vue-i18n'
import { call } from '@/api/client'
import type { Permission } from '@/api/schema'

/** Permissions by what they are about, in the order in which a person thinks of them. */
const SUBJECTS: [subject: string, words: RegExp][] = [
  ['site', /^(property|space|meter|device|gateway)\./],
  ['customers', /^(customer|person|plan|sheet)\./],
  ['money', /^(account|tariff|vend|allowance|supply|ledger)\./],
  ['people', /^(user|role|approval|audit)\./],
  ['integration', /^(key|webhook)\./],
  ['system', /^/],
]

export interface PermissionSubject {
  subject: string
  items: { word: string; text: string }[]
}

/** The server's words for its permissions. */
export function usePermissions() {
  const { locale } = useI18n()
  const query = useQuery({
    queryKey: ['permissions'],
    queryFn: async ({ signal }) => (await call<{ items: Permission[] }>('GET', '/permissions', undefined, { signal })).items,
    staleTime: Infinity,
  })
  const texts = computed(() => new Map((query.data.value ?? []).map((item) => [item.word, locale.value === 'en' ? item.en : item.zh])))
  const subjects = computed<PermissionSubject[]>(() => {
    const left = [...texts.value]
    return SUBJECTS.map(([subject, words]) => {
      const items = left.filter(([word]) => words.test(word)).map(([word, text]) => ({ word, text }))
      for (const { word } of items) left.splice(left.findIndex(([other]) => other === word), 1)
      return { subject, items }
    }).filter(({ items }) => items.length > 0)
  })
  return { query, subjects, text: (word: string): string => texts.value.get(word) ?? word }
}

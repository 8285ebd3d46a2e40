import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { useI18n } from 'vue-i18n'
import { call } from '@/api/client'
import type { Approval, ApprovalAct } from '@/api/schema'
import type { Tone } from '@/components/AppPill.vue'

export type ApprovalState = Approval['state']

export const STATE_TONES: Record<ApprovalState, { tone: Tone; icon: string }> = {
  waiting: { tone: 'warn', icon: 'clock' },
  done: { tone: 'ok', icon: 'check' },
  rejected: { tone: 'bad', icon: 'cross' },
  cancelled: { tone: 'plain', icon: 'cross' },
  expired: { tone: 'plain', icon: 'clock' },
  failed: { tone: 'bad', icon: 'warn' },
}

const WAITING_POLL_MS = 5_000

export function useApproval(approval: () => string) {
  return useQuery({
    queryKey: computed(() => ['approvals', 'one', approval()]),
    queryFn: ({ signal }) => call<ApprovalAct>('GET', `/approvals/${approval()}`, undefined, { signal }),
    refetchInterval: (query) => (query.state.data?.approval.state === 'waiting' ? WAITING_POLL_MS : false),
  })
}

export function useKindName() {
  const { locale } = useI18n()
  return ({ kind_name, kind_name_zh }: Approval): string =>
    locale.value === 'en' ? kind_name.charAt(0).toUpperCase() + kind_name.slice(1) : kind_name_zh
}

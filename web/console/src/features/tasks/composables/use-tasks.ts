// What waits for somebody in a property, out of the lists in which it stands, as one list: the oldest first.
import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { call } from '@/api/client'
import type { Approval, Difference, HeldOpening, MeterCharging, PermissionWord, PurseDifference, Rating, Reminder, Suspense, TaskKind, TaskOwner, TaskOwners } from '@/api/schema'
import { useSessionStore } from '@/stores/session'

const REFRESH_MS = 30_000
const AT_MOST = 100

export const KINDS: readonly TaskKind[] = ['interval', 'purse', 'charging', 'difference', 'suspense', 'held', 'approval', 'lease']

export interface Task {
  key: string
  kind: TaskKind
  /** By which the server knows it, beside its kind. */
  id: string
  /** Since when it waits; null: nobody knows. */
  since: string | null
  /** Who has it in hand; null: nobody. */
  owner: Pick<TaskOwner, 'owner' | 'name'> | null
  /** Who asked for it, or caused it. */
  by: string
  object: string
  /** What the object is, of an approval. */
  about?: Approval
  /** Where the object is; '' : nowhere to go. */
  path: string
  /** A key of tasks.what_…, with its values. */
  what: { key: string; values: Record<string, string | number> }
  /** Where it is done; '' : here. */
  go: string
  rating?: Rating
}

interface Source {
  kind: TaskKind
  permission: PermissionWord | 'login'
  read: (property: string, signal: AbortSignal) => Promise<Omit<Task, 'key' | 'owner'>[]>
}

const items = async <Item>(path: string, signal: AbortSignal) => (await call<{ items: Item[] }>('GET', path, undefined, { signal })).items

/** Sums that nothing explains, or a price that a meter cannot have: of now, or of the version that comes. */
function chargingWhat({ sums, why, next_why }: MeterCharging): Task['what'] {
  if (sums?.beyond) return { key: 'spent_differs', values: { ours: sums.ours_fen, theirs: sums.meter_fen } }
  return { key: `price_${(why ?? next_why ?? 'refused').replaceAll('-', '_')}`, values: {} }
}

const SOURCES: Source[] = [
  {
    kind: 'interval',
    permission: 'account.read',
    read: async (property, signal) =>
      (await items<Rating>(`/properties/${property}/ratings?faults=true&limit=${AT_MOST}`, signal)).map((row) => ({
        kind: 'interval' as const,
        id: `${row.meter}:${row.fault_at ?? ''}`,
        since: row.fault_at,
        by: '',
        object: row.meter,
        path: `/meters/${row.meter}`,
        what: { key: `fault_${(row.fault ?? 'register-bad').replaceAll('-', '_')}`, values: { from: row.billed_units, to: row.fault_units } },
        go: '',
        rating: row,
      })),
  },
  {
    kind: 'purse',
    permission: 'account.read',
    read: async (property, signal) =>
      (await items<PurseDifference>(`/properties/${property}/purse-differences?limit=${AT_MOST}`, signal)).map((row) => ({
        kind: 'purse' as const,
        id: row.meter,
        since: row.read_at,
        by: '',
        object: row.meter,
        path: `/meters/${row.meter}`,
        what: { key: 'purse', values: { ours: row.count, theirs: row.meter_count } },
        go: `/meters/${row.meter}`,
      })),
  },
  {
    kind: 'charging',
    permission: 'account.read',
    read: async (property, signal) =>
      (await items<MeterCharging>(`/properties/${property}/meter-charging?faults=true&limit=${AT_MOST}`, signal)).map((row) => ({
        kind: 'charging' as const,
        id: row.meter,
        since: row.sums?.beyond ? row.sums.ours_at : row.read_at,
        by: '',
        object: row.meter,
        path: `/meters/${row.meter}`,
        what: chargingWhat(row),
        go: row.account ? `/accounts/${property}/${row.account}` : '',
      })),
  },
  {
    kind: 'difference',
    permission: 'ledger.read',
    read: async (property, signal) =>
      (await items<Difference>(`/properties/${property}/differences?limit=${AT_MOST}`, signal)).map((row) => ({
        kind: 'difference' as const,
        id: row.id,
        since: row.paid_at,
        by: row.owner,
        object: row.order_number || row.number,
        path: '',
        what: { key: `match_${row.match}`, values: { ours: row.ours_fen, theirs: row.theirs_fen } },
        go: `/reconcile/${property}`,
      })),
  },
  {
    kind: 'suspense',
    permission: 'ledger.read',
    read: async (property, signal) =>
      (await items<Suspense>(`/properties/${property}/suspense?state=open&limit=${AT_MOST}`, signal)).map((row) => ({
        kind: 'suspense' as const,
        id: row.id,
        since: row.since,
        by: '',
        object: row.payer || row.number,
        path: '',
        what: { key: 'suspense', values: { amount: row.amount_fen } },
        go: `/suspense/${property}`,
      })),
  },
  {
    kind: 'held',
    permission: 'supply.write',
    read: async (property, signal) =>
      (await items<HeldOpening>(`/properties/${property}/held-openings?state=waiting&limit=${AT_MOST}`, signal)).map((row) => ({
        kind: 'held' as const,
        id: row.id,
        since: row.at,
        by: row.by,
        object: row.meter,
        path: `/meters/${row.meter}`,
        what: { key: 'held', values: {} },
        go: `/supply/${property}`,
      })),
  },
  {
    kind: 'approval',
    permission: 'login',
    read: async (property, signal) =>
      (await items<Approval>(`/approvals?state=waiting&property=${property}&limit=${AT_MOST}`, signal)).map((row) => ({
        kind: 'approval' as const,
        id: row.id,
        since: row.created_at,
        by: row.by,
        object: row.object_name ?? '',
        about: row,
        path: '',
        what: { key: 'approval', values: { zh: row.kind_name_zh, en: row.kind_name, reason: row.reason } },
        go: `/approvals/${row.id}`,
      })),
  },
  {
    kind: 'lease',
    permission: 'customer.read',
    read: async (property, signal) =>
      (await items<Reminder>(`/properties/${property}/reminders?limit=${AT_MOST}`, signal)).map((row) => ({
        kind: 'lease' as const,
        id: row.id,
        since: row.written_at,
        by: '',
        object: row.customer.name,
        path: `/customers/${property}/${row.customer.id}`,
        what: { key: 'lease', values: { code: row.lease.code, end: row.end ?? '' } },
        go: `/leases/${property}`,
      })),
  },
]

export function useTasks(property: () => string) {
  const session = useSessionStore()
  const mine = computed(() => SOURCES.filter(({ permission }) => session.can(permission)))
  const query = useQuery({
    queryKey: computed(() => ['tasks', property(), mine.value.map(({ kind }) => kind).join(' ')]),
    queryFn: async ({ signal }) => {
      const [owners, ...lists] = await Promise.all([
        call<TaskOwners>('GET', `/properties/${property()}/task-owners`, undefined, { signal }),
        ...mine.value.map(({ read }) => read(property(), signal)),
      ])
      const ownerOf = new Map(owners.items.map((owner) => [`${owner.kind} ${owner.object}`, owner]))
      return lists.flat().map<Task>((task) => {
        const key = `${task.kind} ${task.id}`
        return { ...task, key, owner: ownerOf.get(key) ?? null }
      }).sort((a, b) => (a.since ?? '').localeCompare(b.since ?? ''))
    },
    refetchInterval: REFRESH_MS,
  })
  /** `owner`: whose it shall be; null: nobody's. */
  async function give(task: Task, owner: string | null): Promise<void> {
    await call('PUT', `/properties/${property()}/task-owners`, { kind: task.kind, object: task.id, owner })
    await query.refetch()
  }
  return { query, give, tasks: computed(() => query.data.value ?? []), kinds: computed(() => mine.value.map(({ kind }) => kind)) }
}

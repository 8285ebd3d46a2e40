import { computed, reactive, ref, watch } from 'vue'
import { fetchSpace, fetchSpaces } from '@/api/spaces'
import type { Space } from '@/api/types'

/** One level of the tree, as far as it is loaded. The key of the buildings is ''. */
interface Branch {
  items: Space[]
  next: string | null
  state: 'loading' | 'ready' | 'failed'
  error: unknown
}

export interface TreeRow {
  key: string
  level: number
  kind: 'space' | 'more' | 'loading' | 'failed'
  /** Of a space: itself; else the level that it stands for. */
  space: Space | null
  parent: string
  position: number
  size: number
}

const ROOT = ''

/** The tree of one property: a level is asked for when its parent is opened, and no earlier. */
export function useSpaceTree(property: () => string) {
  const branches = reactive(new Map<string, Branch>())
  const open = reactive(new Set<string>())
  const active = ref('')
  let round = 0

  async function load(parent: string, more = false): Promise<void> {
    const mine = round
    const before = branches.get(parent)
    if (before?.state === 'loading') return
    const cursor = more ? before?.next : null
    branches.set(parent, { items: before?.items ?? [], next: before?.next ?? null, state: 'loading', error: null })
    try {
      const page = await fetchSpaces(property(), { parent: parent || null, cursor: cursor ?? null })
      if (mine !== round) return
      const items = more ? [...(before?.items ?? []), ...page.items] : page.items
      branches.set(parent, { items, next: page.next, state: 'ready', error: null })
    } catch (error) {
      if (mine !== round) return
      branches.set(parent, { items: before?.items ?? [], next: before?.next ?? null, state: 'failed', error })
    }
  }

  /** Asks again for the children of these and of no other; '' for the buildings. */
  async function refresh(parents: (string | null)[]): Promise<void> {
    const known = parents.map((parent) => parent ?? ROOT).filter((parent) => branches.has(parent))
    await Promise.all([...new Set(known)].map((parent) => load(parent)))
  }

  function setOpen(id: string, wanted: boolean): void {
    if (!wanted) open.delete(id)
    else {
      open.add(id)
      if (!branches.has(id)) void load(id)
    }
  }

  /** Opens whatever stands above a space, so that its row is there. */
  async function reveal(space: Space): Promise<void> {
    for (let above = space.parent; above; above = (await fetchSpace(property(), above)).parent) setOpen(above, true)
    active.value = space.id
  }

  function rowsBelow(parent: string, level: number, rows: TreeRow[]): void {
    const branch = branches.get(parent)
    if (!branch) return
    const size = branch.next ? -1 : branch.items.length
    branch.items.forEach((space, index) => {
      rows.push({ key: space.id, level, kind: 'space', space, parent, position: index + 1, size })
      if (open.has(space.id)) rowsBelow(space.id, level + 1, rows)
    })
    const rest = branch.state !== 'ready' ? branch.state : branch.next ? 'more' : null
    if (rest) rows.push({ key: `${rest} ${parent}`, level, kind: rest, space: null, parent, position: branch.items.length + 1, size })
  }

  const rows = computed(() => {
    const list: TreeRow[] = []
    rowsBelow(ROOT, 1, list)
    return list
  })
  const root = computed(() => branches.get(ROOT))

  watch(
    property,
    () => {
      round += 1
      branches.clear()
      open.clear()
      active.value = ''
      void load(ROOT)
    },
    { immediate: true },
  )

  return { rows, root, open, active, load, refresh, setOpen, reveal }
}

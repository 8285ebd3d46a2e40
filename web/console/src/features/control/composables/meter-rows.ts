// The map's rooms as rows of meters, and what is chosen of them.
import type { RoomMap } from '@/api/schema'
import type { RoomState } from '@/composables/use-room-map'

export interface MeterRow {
  meter: string
  place: string
  customer: string
  account: string | null
  building: string
  state: RoomState
  marked: boolean
}

const natural = new Intl.Collator('zh-CN', { numeric: true })

export function meterRows(map: RoomMap): MeterRow[] {
  const places = new Map(map.places.map((place) => [place.id, place]))
  const rows = map.rooms.flatMap((room) => {
    const floor = room.place ? places.get(room.place) : undefined
    const above = floor?.parent ? places.get(floor.parent) : undefined
    const building = floor?.kind === 'building' ? floor : above
    const path = [above, floor].filter(Boolean).map((place) => place!.code)
    return room.meters.map(({ meter, state }) => ({
      meter,
      place: [...path, room.code || room.name].filter(Boolean).join('/'),
      customer: room.customer,
      account: room.account,
      building: building?.id ?? '',
      state,
      marked: room.marked,
    }))
  })
  return rows.sort((a, b) => natural.compare(a.place, b.place) || natural.compare(a.meter, b.meter))
}

export interface MeterFilter {
  words: string
  building: string
  states: readonly RoomState[]
}

export function filtered(rows: readonly MeterRow[], { words, building, states }: MeterFilter): MeterRow[] {
  const text = words.trim().toLowerCase()
  return rows.filter(
    (row) => (!building || row.building === building) && (states.length === 0 || states.includes(row.state)) && (!text || `${row.place} ${row.customer} ${row.meter}`.toLowerCase().includes(text)),
  )
}

/** "A/3/301, A/3/302 and 5 more": the first few by name. */
export function namesOf(rows: readonly MeterRow[], most: number): { names: string[]; more: number } {
  return { names: rows.slice(0, most).map((row) => row.place || row.meter), more: Math.max(0, rows.length - most) }
}

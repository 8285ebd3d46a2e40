// Rooms by building and floor as lines of equal tiles, so that only what is in sight is built.
import type { RoomMap, RoomMapRoom } from '@/api/schema'

export const TILE_PX = 116
export const GAP_PX = 8
export const LINE_PX = 64
export const HEAD_PX = 40

export interface Floor {
  key: string
  title: string
  /** Without its building. */
  name: string
  building: string
  buildingName: string
  rooms: RoomMapRoom[]
}

export interface Line {
  key: string
  top: number
  height: number
  floor: Floor
  /** null: a heading */
  rooms: RoomMapRoom[] | null
  /** What stands in the heading, or before the first line of a floor. */
  label: string
  /** Place of its first room among all that are shown. */
  first: number
}

const natural = new Intl.Collator('zh-CN', { numeric: true })
const byCode = (a: { code: string; name: string }, b: { code: string; name: string }): number => natural.compare(a.code || a.name, b.code || b.name)

/** Floors in the order of buildings and their own; rooms in the order of their codes. What hangs nowhere comes last. */
export function floorsOf(map: RoomMap, nowhere: string): Floor[] {
  const places = new Map(map.places.map((place) => [place.id, place]))
  const named = (place: { code: string; name: string }): string => place.name || place.code
  const by = new Map<string, RoomMapRoom[]>()
  for (const room of map.rooms) {
    const key = room.place && places.has(room.place) ? room.place : ''
    const list = by.get(key)
    if (list) list.push(room)
    else by.set(key, [room])
  }
  const floors = [...by].map(([key, rooms]) => {
    const place = places.get(key)
    const above = place?.parent ? places.get(place.parent) : undefined
    const building = place?.kind === 'building' ? place : above
    return {
      key,
      title: place ? [building, place].filter((one, index, all) => one && all.indexOf(one) === index).map((one) => named(one!)).join(' · ') : nowhere,
      name: place?.kind === 'floor' ? named(place) : '',
      building: building?.id ?? '',
      buildingName: building ? named(building) : nowhere,
      order: [place ? 0 : 1, building ? named(building) : '', place?.kind === 'floor' ? place.code : ''] as const,
      rooms: rooms.sort(byCode),
    }
  })
  floors.sort((a, b) => a.order[0] - b.order[0] || natural.compare(a.order[1], b.order[1]) || natural.compare(a.order[2], b.order[2]))
  return floors.map(({ order: _, ...floor }) => floor)
}

export function buildingsOf(map: RoomMap): { id: string; name: string }[] {
  return map.places
    .filter(({ kind }) => kind === 'building')
    .map(({ id, name, code }) => ({ id, name: name || code }))
    .sort((a, b) => natural.compare(a.name, b.name))
}

/** `beside`: there is room for the floor's name before its rooms, and only buildings have a heading. */
export function linesOf(floors: readonly Floor[], columns: number, beside = false): Line[] {
  const lines: Line[] = []
  let top = 0
  let first = 0
  const add = (line: Omit<Line, 'top'>): void => {
    lines.push({ ...line, top })
    top += line.height
  }
  floors.forEach((floor, index) => {
    const isNew = index === 0 || floors[index - 1]!.building !== floor.building
    if (!beside || isNew) add({ key: `h${floor.key}`, height: HEAD_PX, floor, rooms: null, label: beside ? floor.buildingName : floor.title, first })
    for (let at = 0; at < floor.rooms.length; at += columns) {
      const rooms = floor.rooms.slice(at, at + columns)
      add({ key: `${floor.key}-${at}`, height: LINE_PX, floor, rooms, label: beside && at === 0 ? floor.name : '', first })
      first += rooms.length
    }
  })
  return lines
}

/** The lines that lie in [from, to), by halving. */
export function linesIn(lines: readonly Line[], from: number, to: number): Line[] {
  let low = 0
  let high = lines.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (lines[middle]!.top + lines[middle]!.height <= from) low = middle + 1
    else high = middle
  }
  let end = low
  while (end < lines.length && lines[end]!.top < to) end += 1
  return lines.slice(low, end)
}

/** Where a key leads from a room: along the line, or to the one above or below it. null: nowhere. */
export function stepFrom(lines: readonly Line[], at: number, key: string): number | null {
  const rows = lines.filter((line) => line.rooms)
  const row = rows.findIndex((line) => at >= line.first && at < line.first + line.rooms!.length)
  if (row < 0) return null
  const last = rows.at(-1)!
  const column = at - rows[row]!.first
  const inRow = (line: Line | undefined): number | null => (line ? line.first + Math.min(column, line.rooms!.length - 1) : null)
  if (key === 'ArrowRight') return at + 1 < last.first + last.rooms!.length ? at + 1 : null
  if (key === 'ArrowLeft') return at > 0 ? at - 1 : null
  if (key === 'ArrowDown') return inRow(rows[row + 1])
  if (key === 'ArrowUp') return inRow(rows[row - 1])
  if (key === 'Home') return rows[row]!.first
  if (key === 'End') return rows[row]!.first + rows[row]!.rooms!.length - 1
  return null
}

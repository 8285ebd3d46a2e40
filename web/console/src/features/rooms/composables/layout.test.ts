import { describe, expect, it } from 'vitest'
import type { RoomMap, RoomMapRoom } from '@/api/schema'
import { floorsOf, HEAD_PX, LINE_PX, linesIn, linesOf, stepFrom } from './layout'

const room = (id: string, place: string | null, code: string): RoomMapRoom => ({ id, place, code, name: '', state: 'open', since: null, cut_at: null, marked: false, account: null, customer: '', meters: [] })
const map: RoomMap = {
  at: '2026-11-26T00:00:00Z',
  places: [
    { id: '1', parent: null, kind: 'building', code: 'A', name: '' },
    { id: '2', parent: '1', kind: 'floor', code: '10', name: '' },
    { id: '3', parent: '1', kind: 'floor', code: '2', name: '' },
  ],
  rooms: [room('7', '2', '1001'), room('5', '3', '210'), room('6', '3', '29'), room('8', null, 'x')],
}

describe('rooms by floor', () => {
  const floors = floorsOf(map, '未挂')

  it('stand in natural order, what hangs nowhere last', () => {
    expect(floors.map(({ title }) => title)).toEqual(['A · 2', 'A · 10', '未挂'])
    expect(floors[0]!.rooms.map(({ code }) => code)).toEqual(['29', '210'])
  })

  it('make lines of tiles, of which those in sight are found', () => {
    const lines = linesOf(floors, 1)
    expect(lines.map(({ top }) => top)).toEqual([0, HEAD_PX, HEAD_PX + LINE_PX, HEAD_PX + 2 * LINE_PX, 2 * HEAD_PX + 2 * LINE_PX, 2 * HEAD_PX + 3 * LINE_PX, 3 * HEAD_PX + 3 * LINE_PX])
    expect(linesIn(lines, HEAD_PX, HEAD_PX + 1).map(({ key }) => key)).toEqual(['3-0'])
    expect(linesIn(lines, -100, 10_000)).toHaveLength(lines.length)
  })

  it('stand beside the names of their floors where there is room', () => {
    const lines = linesOf(floors, 9, true)
    expect(lines.map(({ rooms, label }) => [rooms?.length ?? 0, label])).toEqual([[0, 'A'], [2, '2'], [1, '10'], [0, '未挂'], [1, '']])
  })

  it('are walked through by keys', () => {
    const lines = linesOf(floors, 2)
    expect(stepFrom(lines, 0, 'ArrowRight')).toBe(1)
    expect(stepFrom(lines, 1, 'ArrowDown')).toBe(2)
    expect(stepFrom(lines, 2, 'ArrowUp')).toBe(0)
    expect(stepFrom(lines, 3, 'ArrowRight')).toBeNull()
    expect(stepFrom(lines, 1, 'Home')).toBe(0)
  })
})

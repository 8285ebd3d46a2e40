import { expect, it } from 'vitest'
import type { RoomMap } from '@/api/schema'
import { filtered, meterRows, namesOf } from './meter-rows'

const room = (id: string, code: string, customer: string, ...meters: [string, 'open' | 'cut'][]) => ({
  id, place: '2', code, name: '', state: 'open' as const, since: null, cut_at: null, marked: false, account: '1', customer, meters: meters.map(([meter, state]) => ({ meter, state })),
})
const map: RoomMap = {
  at: '2026-11-26T00:00:00Z',
  places: [{ id: '1', parent: null, kind: 'building', code: 'A', name: '' }, { id: '2', parent: '1', kind: 'floor', code: '3', name: '' }],
  rooms: [room('5', '310', '李四', ['000000000003', 'open']), room('4', '39', '张三', ['000000000001', 'open'], ['000000000002', 'cut'])],
}

it('each meter is a row, in the order of rooms', () => expect(meterRows(map).map(({ place, meter, state }) => [place, meter, state])).toEqual([
  ['A/3/39', '000000000001', 'open'], ['A/3/39', '000000000002', 'cut'], ['A/3/310', '000000000003', 'open'],
]))

it('filters join: words, building, states', () => {
  const rows = meterRows(map)
  expect(filtered(rows, { words: '张', building: '', states: [] })).toHaveLength(2)
  expect(filtered(rows, { words: '张', building: '1', states: ['cut'] }).map(({ meter }) => meter)).toEqual(['000000000002'])
  expect(filtered(rows, { words: '', building: '9', states: [] })).toEqual([])
})

it('the first few are named', () => expect(namesOf(meterRows(map), 2)).toEqual({ names: ['A/3/39', 'A/3/39'], more: 1 }))

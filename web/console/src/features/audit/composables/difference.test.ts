import { expect, it } from 'vitest'
import { difference } from './difference'

it('puts what changed first, and leaves nothing out', () => {
  expect(difference({ name: 'night', role: 100, list: ['a'] }, { name: 'day', role: 100, list: ['a', 'b'] })).toEqual([
    { key: 'name', before: 'night', after: 'day', changed: true },
    { key: 'list', before: '["a"]', after: '["a","b"]', changed: true },
    { key: 'role', before: '100', after: '100', changed: false },
  ])
})
it('knows what came and what went', () => {
  expect(difference(null, { id: 1 })).toEqual([{ key: 'id', before: null, after: '1', changed: true }])
  expect(difference({ id: 1 }, null)).toEqual([{ key: 'id', before: '1', after: null, changed: true }])
  expect(difference(null, null)).toEqual([])
  expect(difference({ until: null }, { until: 5 })).toEqual([{ key: 'until', before: null, after: '5', changed: true }])
  expect(difference({ until: null }, { until: null })).toEqual([])
})

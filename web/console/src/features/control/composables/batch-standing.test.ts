import { expect, it } from 'vitest'
import { isMoving, standingOf } from './batch-standing'

const none = { queued: 0, sent: 0, received: 0, executed: 0, verified: 0, refused: 0, failed: 0, expired: 0 }

it('a batch is done, failed and under way, which sum to all', () => {
  const stages = { ...none, sent: 2, verified: 5, refused: 1 }
  expect(standingOf(stages, 12, 10)).toEqual({ done: 5, failed: 3, going: 4 })
  expect(standingOf(none, 3, 0)).toEqual({ done: 0, failed: 0, going: 3 })
  expect(isMoving(stages)).toBe(true)
  expect(isMoving({ ...none, verified: 3 })).toBe(false)
})

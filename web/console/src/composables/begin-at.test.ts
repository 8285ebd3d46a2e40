import { describe, expect, it } from 'vitest'
import { beginAt } from './begin-at'

function opened(active: string | null): number {
  let focused = 0
  const element = active === null ? null : ({ matches: (selector: string) => selector.startsWith('[role=dialog] ') && active === 'field of the box' } as unknown as Element)
  beginAt({ focus: () => focused++ }, element)
  return focused
}

describe('a box that has opened', () => {
  it('puts the focus on its first field', () => {
    expect(opened(null)).toBe(1)
    expect(opened('the box itself, or the button that opened it')).toBe(1)
  })
  it('leaves it with whoever has begun to type elsewhere in it', () => {
    expect(opened('field of the box')).toBe(0)
  })
  it('lives without a field', () => {
    expect(() => beginAt(null, null)).not.toThrow()
  })
})

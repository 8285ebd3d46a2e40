import { describe, expect, it } from 'vitest'
import { fit, photoUrl } from './photo'

describe('photos', () => {
  it('keep their shape, and are never made larger', () => {
    expect(fit(4000, 3000)).toEqual({ width: 1600, height: 1200 })
    expect(fit(3000, 4000)).toEqual({ width: 1200, height: 1600 })
    expect(fit(640, 480)).toEqual({ width: 640, height: 480 })
    expect(fit(12000, 1)).toEqual({ width: 1600, height: 1 })
  })

  it('belong to an account', () => {
    expect(photoUrl({ property: 'p1', account: '7' }, 'ab')).toBe('/api/v1/properties/p1/accounts/7/photos/ab')
  })
})

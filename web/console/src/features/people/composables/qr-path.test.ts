import { expect, it } from 'vitest'
import { qrPath } from './qr-path'

it('draws the three finders of a code as large as the text needs', () => {
  const { path, size } = qrPath('otpauth://totp/Wattle:zhao?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Wattle')
  expect((size - 17) % 4).toBe(0)
  const dark = new Set(path.match(/M\d+ \d+/g))
  for (const [x, y] of [[0, 0], [size - 7, 0], [0, size - 7]] as const) {
    for (let i = 0; i < 7; i++) expect(dark.has(`M${x + i} ${y}`)).toBe(true)
    expect(dark.has(`M${x + 1} ${y + 1}`)).toBe(false)
    expect(dark.has(`M${x + 3} ${y + 3}`)).toBe(true)
  }
})

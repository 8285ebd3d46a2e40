import decode from 'jsqr'
import { expect, it } from 'vitest'
import { qrPath } from './qr-path'

const QUIET = 4
const SCALE = 4

/** The picture as a camera has it: RGBA, dark on light. */
function pixels({ path, size }: ReturnType<typeof qrPath>): [Uint8ClampedArray, number] {
  const width = (size + 2 * QUIET) * SCALE
  const image = new Uint8ClampedArray(width * width * 4).fill(255)
  for (const [, x, y] of path.matchAll(/M(\d+) (\d+)h1v1h-1z/g)) {
    for (let i = 0; i < SCALE * SCALE; i++) {
      const column = (Number(x) + QUIET) * SCALE + (i % SCALE)
      const row = (Number(y) + QUIET) * SCALE + Math.floor(i / SCALE)
      image.fill(0, (row * width + column) * 4, (row * width + column) * 4 + 3)
    }
  }
  return [image, width]
}

it('draws what a reader of another make reads', () => {
  for (const text of ['otpauth://totp/Wattle:zhao?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Wattle&digits=6&period=30', 'otpauth://totp/Wattle:%E5%88%98%E6%95%8F?secret=GEZDGNBVGY3TQOJQ']) {
    const [image, width] = pixels(qrPath(text))
    expect(decode(image, width, width)?.data).toBe(text)
  }
})

// The checks of `npm run check` and `npm run size` as tests, so that `npm test` is the whole gate.
import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'

const root = new URL('..', import.meta.url).pathname
const run = (...args) => execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' })

it('has each text in both languages, and each used text', () => {
  expect(run('dev/check-i18n.mjs')).toMatch(/texts in both languages/)
})

it('has the types of the server’s description', () => {
  expect(run('dev/make-types.mjs', '--check')).toBe('')
})

it('type checks', { timeout: 400_000 }, () => {
  expect(run('node_modules/vue-tsc/bin/vue-tsc.js', '--noEmit')).toBe('')
})

it('keeps the JavaScript of the first page in its budget (of the last build)', () => {
  expect(run('dev/check-size.mjs')).toMatch(/kB gz of 200\n/)
})

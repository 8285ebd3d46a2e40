// The JavaScript that the first page needs, gzipped, and the chart chunk apart (after a build).
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

const LIMIT_KB = 200
const FIRST_PAGES = ['src/features/login/Page.vue', 'src/features/overview/Page.vue', 'src/features/meters/Page.vue']

const dist = new URL('../dist/', import.meta.url).pathname
const manifestPath = join(dist, '.vite/manifest.json')
if (!existsSync(manifestPath)) {
  console.error('no dist/: run npm run build first')
  process.exit(1)
}
const manifest = JSON.parse(readFileSync(manifestPath, 'utf8'))

function collect(name, found = new Set()) {
  const chunk = manifest[name]
  if (!chunk || found.has(name)) return found
  found.add(name)
  for (const next of chunk.imports ?? []) collect(next, found)
  return found
}

const gzipped = (file) => gzipSync(readFileSync(join(dist, file)), { level: 9 }).length / 1000
const sum = (names) => [...names].reduce((total, name) => total + gzipped(manifest[name].file), 0)

let failed = false
for (const page of FIRST_PAGES) {
  const names = collect('index.html')
  collect('src/layout/AppFrame.vue', names)
  collect(page, names)
  const size = sum(names)
  const charts = [...names].some((name) => /TimeChart/.test(name))
  if (size > LIMIT_KB || charts) failed = true
  console.log(`${page}: ${size.toFixed(1)} kB gz of ${LIMIT_KB}${charts ? ', and it pulls in the charts' : ''}`)
}
console.log(`charts: ${sum(collect('src/components/TimeChart.vue')).toFixed(1)} kB gz with what they share`)
if (failed) process.exit(1)

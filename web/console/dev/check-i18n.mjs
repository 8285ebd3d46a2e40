// Texts are in src/locales, and in locales/ of a feature that brings its own. Each exists in both
// languages, with the same variables; each key used in the source exists; no text lies unused. Keys
// are literals in t('…'), or have a literal beginning: t(`group.${code}`).
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = new URL('../src/', import.meta.url).pathname
const folders = ['locales', ...readdirSync(join(root, 'features')).map((name) => `features/${name}/locales`)]
const faults = []
const zh = texts('zh-CN')
const en = texts('en')

function texts(language) {
  const all = new Map()
  for (const folder of folders) {
    const path = join(root, folder, `${language}.json`)
    if (!existsSync(path)) continue
    for (const [key, text] of flat(JSON.parse(readFileSync(path, 'utf8')))) {
      if (all.has(key)) faults.push(`${key}: twice, also in ${folder}`)
      all.set(key, text)
    }
  }
  return all
}

function flat(tree, prefix = '', out = new Map()) {
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === 'object') flat(value, `${prefix}${key}.`, out)
    else out.set(prefix + key, value)
  }
  return out
}

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return sources(path)
    return /\.(vue|ts)$/.test(entry.name) && !entry.name.endsWith('.test.ts') ? [path] : []
  })
}

const variables = (text) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort().join()

for (const [key, text] of zh) {
  if (!en.has(key)) faults.push(`${key}: missing in en`)
  else if (variables(text) !== variables(en.get(key))) faults.push(`${key}: other variables in en`)
  if (text === '') faults.push(`${key}: empty`)
}
for (const key of en.keys()) if (!zh.has(key)) faults.push(`${key}: missing in zh-CN`)

const used = new Set()
const groups = new Set()
const groupNames = new Set([...zh.keys()].map((key) => key.split('.')[0]))
for (const path of sources(root)) {
  const text = readFileSync(path, 'utf8')
  const name = path.slice(root.length)
  // Any literal that looks like a key of ours counts: keys also travel in menus and tables.
  for (const [, key] of text.matchAll(/['"]([a-z_]+(?:\.[\w-]+)+)['"]/g)) {
    if (!groupNames.has(key.split('.')[0])) continue
    if (zh.has(key)) used.add(key)
    else if (text.includes(`t('${key}'`) || text.includes(`title: '${key}'`)) faults.push(`${name}: no text ${key}`)
  }
  for (const [, key] of text.matchAll(/\bt\(\s*['"]([^'"]+)['"]/g)) {
    if (!zh.has(key)) faults.push(`${name}: no text ${key}`)
  }
  for (const [, prefix] of text.matchAll(/\bt\(\s*`([\w.-]+)\$\{/g)) groups.add(prefix)
  for (const [, group] of text.matchAll(/\bword\('([\w.]+)'/g)) groups.add(`${group}.`)
}
// A page has the common texts and those that its module names: another feature's would show as keys.
const owners = new Map()
for (const folder of folders.slice(1)) {
  const path = join(root, folder, 'zh-CN.json')
  if (!existsSync(path)) continue
  for (const group of Object.keys(JSON.parse(readFileSync(path, 'utf8')))) owners.set(group, folder.split('/')[1])
}
for (const feature of readdirSync(join(root, 'features'))) {
  const files = sources(join(root, 'features', feature)).map((path) => [path.slice(root.length), readFileSync(path, 'utf8')])
  const named = new Set(files.flatMap(([, text]) => [...text.matchAll(/texts: \[(.*?)\]/g)].flatMap(([, list]) => list.match(/\w+/g))))
  for (const [name, text] of files)
    for (const [, group] of text.matchAll(/\b(?:t|word)\(\s*['"`](\w+)[.'"`]/g))
      if (owners.has(group) && !named.has(owners.get(group))) faults.push(`${name}: ${group}.… is of ${owners.get(group)}`)
}
// What all pages may use can only have common texts.
for (const folder of ['components', 'composables', 'layout', 'stores'])
  for (const path of sources(join(root, folder)))
    for (const [, group] of readFileSync(path, 'utf8').matchAll(/\b(?:t|word)\(\s*['"`](\w+)[.'"`]/g))
      if (owners.has(group)) faults.push(`${path.slice(root.length)}: ${group}.… is of ${owners.get(group)}`)

for (const prefix of groups) {
  if (![...zh.keys()].some((key) => key.startsWith(prefix))) faults.push(`no text begins with ${prefix}`)
}
for (const key of zh.keys()) {
  if (!used.has(key) && ![...groups].some((prefix) => key.startsWith(prefix))) faults.push(`${key}: unused`)
}

for (const fault of new Set(faults)) console.error(fault)
if (faults.length > 0) process.exit(1)
console.log(`i18n: ${zh.size} texts in both languages`)

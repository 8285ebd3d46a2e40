// TypeScript of the schemas in the server's description: node dev/make-types.mjs [--check] [FILE].
// It knows the few words of JSON Schema that the description uses, and refuses any other.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const args = process.argv.slice(2)
const check = args[0] === '--check'
const source = args[check ? 1 : 0] ?? fileURLToPath(new URL('../../../docs/api/openapi.json', import.meta.url))
const target = fileURLToPath(new URL('../src/api/schema.ts', import.meta.url))

const PLAIN = { string: 'string', integer: 'number', number: 'number', boolean: 'boolean', null: 'null' }

function typeOf(schema, indent) {
  if (schema.$ref) return schema.$ref.replace('#/components/schemas/', '')
  if (schema.oneOf) return schema.oneOf.map((part) => typeOf(part, indent)).join(' | ')
  if (schema.enum) return schema.enum.map((value) => `'${value}'`).join(' | ')
  const types = [schema.type].flat()
  if (types.length > 1) return types.map((type) => typeOf({ ...schema, type }, indent)).join(' | ')
  if (schema.type === 'array') return arrayOf(typeOf(schema.items, indent))
  if (schema.type === 'object') return objectOf(schema, indent)
  if (!Object.keys(schema).some((key) => key !== 'description')) return 'unknown' // any value
  if (!PLAIN[schema.type]) throw new Error(`no TypeScript for ${JSON.stringify(schema)}`)
  return PLAIN[schema.type]
}

function arrayOf(item) {
  return /[|\s]/.test(item) && !item.startsWith('{') ? `(${item})[]` : `${item}[]`
}

function objectOf(schema, indent) {
  if (!schema.properties) return 'Record<string, unknown>'
  const inner = `${indent}  `
  const lines = Object.entries(schema.properties).map(([name, part]) => {
    const comment = part.description && !part.$ref ? `${inner}/** ${part.description} */\n` : ''
    const optional = schema.required?.includes(name) ? '' : '?'
    return `${comment}${inner}${name}${optional}: ${typeOf(part, inner)}`
  })
  return `{\n${lines.join('\n')}\n${indent}}`
}

function render({ components }) {
  const parts = Object.entries(components.schemas).map(([name, schema]) => {
    const comment = schema.description ? `/** ${schema.description} */\n` : ''
    const text = typeOf(schema, '')
    return schema.type === 'object' ? `${comment}export interface ${name} ${text}\n` : `${comment}export type ${name} = ${text}\n`
  })
  return `// Made from docs/api/openapi.json by dev/make-types.mjs (npm run api); not by hand.\n\n${parts.join('\n')}`
}

const text = render(JSON.parse(readFileSync(source, 'utf8')))
if (!check) writeFileSync(target, text)
else if (readFileSync(target, 'utf8') !== text) {
  console.error('src/api/schema.ts is not what docs/api/openapi.json says: npm run api')
  process.exit(1)
}

/** One member of an object before and after an act. */
export interface Change {
  key: string
  before: string | null
  after: string | null
  changed: boolean
}

function textOf(value: unknown): string | null {
  if (value === undefined || value === null) return null
  return typeof value === 'string' ? value : JSON.stringify(value)
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Member by member, what changed first; something that is no object stands as one. Unset members say nothing. */
export function difference(before: unknown, after: unknown): Change[] {
  const old = isObject(before) ? before : before === null || before === undefined ? {} : { value: before }
  const fresh = isObject(after) ? after : after === null || after === undefined ? {} : { value: after }
  return [...new Set([...Object.keys(old), ...Object.keys(fresh)])]
    .map((key) => {
      const change = { key, before: textOf(old[key]), after: textOf(fresh[key]) }
      return { ...change, changed: change.before !== change.after }
    })
    .filter(({ before: was, after: is }) => was !== null || is !== null)
    .sort((a, b) => Number(b.changed) - Number(a.changed))
}

/** More in one go are better brought in by a sheet. */
export const MOST_AT_ONCE = 50

const RANGE = /^(.*?)(\d+)\s*(?:-|–|~|至|到)\s*(.*?)(\d+)$/

function rangeOf(text: string): string[] | null {
  const match = RANGE.exec(text)
  if (!match) return null
  const [, before = '', first = '', beforeLast = '', last = ''] = match
  if (beforeLast !== '' && beforeLast !== before) return null
  const count = Number(last) - Number(first) + 1
  if (count < 2 || count > MOST_AT_ONCE) return null
  return Array.from({ length: count }, (_, i) => before + String(Number(first) + i).padStart(first.length, '0'))
}

/** "301-304, 306" → 301, 302, 303, 304, 306: the codes of several spaces as people write them. */
export function codesOf(text: string): string[] {
  const parts = text.split(/[,，;；\n]+/).map((part) => part.trim()).filter(Boolean)
  return [...new Set(parts.flatMap((part) => rangeOf(part) ?? [part]))]
}

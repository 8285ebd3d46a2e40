// The QR text on a terminal's label: WATTLE1:<chip, 24 hex>:<key, 64 hex>. A hand scanner types it.

export interface Label {
  chip: string
  key: string
}

const FORM = /^WATTLE1:([0-9a-f]{24}):([0-9a-f]{64})$/i

export function parseLabel(text: string): Label | null {
  const parts = FORM.exec(text.trim())
  if (!parts?.[1] || !parts[2]) return null
  return { chip: parts[1].toLowerCase(), key: parts[2].toLowerCase() }
}

export function isMeterNumber(text: string): boolean {
  return /^[1-9]\d{11}$/.test(text)
}

/** A chip id in groups that an eye can compare with a label. */
export function chipGroups(chip: string): string {
  return chip.replace(/(.{8})(?=.)/g, '$1 ')
}

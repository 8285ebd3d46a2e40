import type { Phone, PhoneEdit } from '@/api/types'

/** A row of the form: the number of one that is there may be masked, so it is only sent when it was typed anew. */
export interface PhoneRow {
  key: number
  id: string | null
  shown: string
  number: string
  label: string
  main: boolean
}

let keys = 0

export const newPhoneRow = (main: boolean): PhoneRow => ({ key: ++keys, id: null, shown: '', number: '', label: '', main })

export const phoneRows = (phones: readonly Phone[]): PhoneRow[] =>
  phones.map(({ id, number, label, main }) => ({ key: ++keys, id, shown: number, number: '', label, main }))

/** What is sent: rows without id and number are ones that nobody filled in. */
export function phoneEdits(rows: readonly PhoneRow[]): PhoneEdit[] {
  const filled = rows.filter((row) => row.id || row.number.trim())
  const main = filled.find((row) => row.main) ?? filled[0]
  return filled.map((row) => ({
    ...(row.id && { id: row.id }),
    ...(row.number.trim() && { number: row.number.trim() }),
    label: row.label.trim(),
    main: row === main,
  }))
}

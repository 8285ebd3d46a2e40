import { parseDecimal } from '@/format/number'

/** What somebody read from a meter: kWh or m³ with three decimals, as Wh or litres; null: no number; undefined: nothing typed. */
export function unitsOf(text: string): number | null | undefined {
  const typed = text.trim()
  if (!typed) return undefined
  const units = parseDecimal(typed, 3)
  return units === null || units < 0 ? null : units
}

export interface Register {
  meter: string
  units: string
  photo: string
  accepted: boolean
}

export const emptyRegister = (meter = ''): Register => ({ meter, units: '', photo: '', accepted: false })

/** The last register of a meter as the API takes it; null: what was typed is no number. */
export function finalOf(register: Register): { meter: string; units?: number; photo?: string; accepted?: boolean } | null {
  const units = unitsOf(register.units)
  if (units === null) return null
  const photo = register.photo.trim()
  return { meter: register.meter, ...(units !== undefined && { units }), ...(photo && { photo }), ...(register.accepted && { accepted: true }) }
}

import type { MeterBinding } from '@/api/schema'
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
  /** the name that the server gave it; '': none */
  photo: string
  accepted: boolean
}

export const emptyRegister = (meter = ''): Register => ({ meter, units: '', photo: '', accepted: false })

/** The last register of a meter as the API takes it; null: what was typed is no number. */
export function finalOf(register: Register): { meter: string; units?: number; photo?: string; accepted?: boolean } | null {
  const units = unitsOf(register.units)
  if (units === null) return null
  const { photo } = register
  return { meter: register.meter, ...(units !== undefined && { units }), ...(photo && { photo }), ...(register.accepted && { accepted: true }) }
}

/** A meter that an account is to have, with its first register. */
export interface Binding {
  service: MeterBinding['service']
  credit: NonNullable<MeterBinding['credit']>
  register: Register
}

export const emptyBinding = (): Binding => ({ service: 'electricity', credit: 'platform', register: emptyRegister() })

/** null: what was typed is no number. */
export function bindingOf({ service, credit, register }: Binding): MeterBinding | null {
  const units = unitsOf(register.units)
  if (units === null) return null
  return { meter: register.meter, service, credit, ...(units !== undefined && { units }) }
}

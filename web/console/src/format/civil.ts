// Times of day as a property's people read them: UTC and a fixed offset (China: +480 minutes).

/** "2027-01-01T00:00" for a datetime-local field. */
export function toCivil(iso: string, offsetMin: number): string {
  return new Date(Date.parse(iso) + offsetMin * 60_000).toISOString().slice(0, 16)
}

/** RFC 3339 in UTC; '' when it is no time. */
export function fromCivil(text: string, offsetMin: number): string {
  const ms = Date.parse(`${text}:00Z`)
  return Number.isNaN(ms) ? '' : new Date(ms - offsetMin * 60_000).toISOString().replace('.000Z', 'Z')
}

/** "2027-01-01", and the time where it is not midnight. */
export function civilText(iso: string, offsetMin: number): string {
  const [date, time] = toCivil(iso, offsetMin).split('T')
  return time === '00:00' ? date! : `${date} ${time}`
}

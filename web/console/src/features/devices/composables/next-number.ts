/** The number after the highest in use: a suggestion that the person may change. */
export function nextNumber(used: readonly string[]): string {
  const highest = used
    .filter((number) => /^\d{12}$/.test(number))
    .reduce((best, number) => (number > best ? number : best), '')
  if (highest === '' || highest === '999999999999') return ''
  return String(Number(highest) + 1).padStart(12, '0')
}

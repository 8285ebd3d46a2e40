/** The digits of a whole phone number, which is more than the desk looks for itself; null: something else was typed. Twelve digits are a meter. */
export function wholePhone(words: string): string | null {
  const digits = words.replace(/^\+?86(?=1\d{10}$)|[\s-]/g, '')
  return /^\d{7,11}$|^\d{13,15}$/.test(digits) ? digits : null
}

// The one place where integers with a unit become text. Everything is done on the digits: no
// float ever holds an amount, a register or a measured value that a person will read.

const NO_VALUE = '–'

function groupThousands(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `value` counts units of 10^-scale; shown with `shown` decimals, halves away from zero. */
export function decimal(value: number | bigint | null | undefined, scale: number, shown = scale): string {
  if (value === null || value === undefined) return NO_VALUE
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return NO_VALUE
  let units = BigInt(value)
  const negative = units < 0n
  if (negative) units = -units
  if (shown < scale) {
    const step = 10n ** BigInt(scale - shown)
    units = (units + step / 2n) / step
  } else {
    units *= 10n ** BigInt(shown - scale)
  }
  const digits = units.toString().padStart(shown + 1, '0')
  const whole = groupThousands(digits.slice(0, digits.length - shown))
  const fraction = shown > 0 ? `.${digits.slice(digits.length - shown)}` : ''
  const sign = negative && units !== 0n ? '−' : ''
  return `${sign}${whole}${fraction}`
}

export const voltage = (dv: number | null | undefined): string => decimal(dv, 1)
export const current = (ma: number | null | undefined): string => decimal(ma, 3)
export const power = (dw: number | null | undefined): string => decimal(dw, 1)
export const powerFactor = (permille: number | null | undefined): string => decimal(permille, 3)
export const frequency = (chz: number | null | undefined): string => decimal(chz, 2)
export const energy = (wh: number | null | undefined): string => decimal(wh, 3)
export const permille = (value: number | null | undefined): string => decimal(value, 1)
export const count = (value: number | null | undefined): string => decimal(value, 0)
/** As much as no use at all: nothing to reckon with. */
export const NO_USE_TENTHS = 99_990
const YEAR_TENTHS = 3_650

/** Days that a balance lasts; beyond a year the figure says nothing any more. */
export const daysLeft = (tenths: number): string => (tenths > YEAR_TENTHS ? '> 365' : decimal(tenths, 1))
export const money = (fen: number | bigint | null | undefined): string => decimal(fen, 2)

const DIGITS = '零壹贰叁肆伍陆柒捌玖'
const PLACES = ['', '拾', '佰', '仟']
const GROUPS = ['', '万', '亿', '万亿']

/** An amount as a receipt writes it out, so that nobody adds a stroke: 123.05 → 壹佰贰拾叁元零伍分. */
export function moneyCapitals(fen: number): string {
  if (!Number.isSafeInteger(fen)) return NO_VALUE
  const digits = String(Math.abs(fen)).padStart(3, '0')
  const whole = digits.slice(0, -2).replace(/^0+/, '')
  const [jiao, small] = [Number(digits.at(-2)), Number(digits.at(-1))]
  let text = ''
  let gap = false
  for (let at = 0; at < whole.length; at += 1) {
    const place = whole.length - 1 - at
    const digit = Number(whole[at])
    if (digit) text += `${gap ? '零' : ''}${DIGITS[digit]}${PLACES[place % 4]}`
    gap = digit === 0
    // A group of four that is all zero names no group.
    if (place % 4 === 0 && Number(whole.slice(Math.max(0, at - 3), at + 1))) text += GROUPS[place / 4]
  }
  if (whole) text += '元'
  if (!jiao && !small) return `${fen < 0 ? '负' : ''}${whole ? text : '零元'}整`
  if (jiao) text += `${DIGITS[jiao]}角`
  else if (whole) text += '零'
  if (small) text += `${DIGITS[small]}分`
  return `${fen < 0 ? '负' : ''}${text}${small ? '' : '整'}`
}

/** "1,234.5" → 12345 units of 10^-scale; null: no number, too many decimals, or beyond what an integer holds. */
export function parseDecimal(text: string, scale: number): number | null {
  const match = /^([-−]?)(\d+)(?:\.(\d+))?$/.exec(text.trim().replaceAll(',', ''))
  const fraction = match?.[3] ?? ''
  if (!match || fraction.length > scale) return null
  const units = Number(`${match[2]}${fraction.padEnd(scale, '0')}`)
  if (!Number.isSafeInteger(units)) return null
  return match[1] && units !== 0 ? -units : units
}

/** Bytes for people: 1,536 → "1.5 KiB". */
export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return NO_VALUE
  const units = ['B', 'KiB', 'MiB', 'GiB']
  let size = value
  let unit = 0
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024
    unit += 1
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`
}

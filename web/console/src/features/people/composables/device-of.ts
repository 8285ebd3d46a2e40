const SYSTEMS: [name: string, sign: RegExp][] = [
  ['iPhone', /iPhone/],
  ['iPad', /iPad/],
  ['Android', /Android/],
  ['Windows', /Windows/],
  ['macOS', /Mac OS X/],
  ['Linux', /Linux/],
]
// Others call themselves Chrome too, so they come before it.
const BROWSERS: [name: string, sign: RegExp][] = [
  ['WeChat', /MicroMessenger/],
  ['Edge', /Edg(e|A|iOS)?\//],
  ['Firefox', /Firefox|FxiOS/],
  ['Chrome', /Chrome|CriOS/],
  ['Safari', /Safari/],
  ['curl', /^curl\//],
]

const first = (list: [string, RegExp][], text: string): string => list.find(([, sign]) => sign.test(text))?.[0] ?? ''

/** "Chrome · Windows" of a User-Agent; empty: a program we do not know. */
export function deviceOf(userAgent: string): string {
  return [first(BROWSERS, userAgent), first(SYSTEMS, userAgent)].filter(Boolean).join(' · ')
}

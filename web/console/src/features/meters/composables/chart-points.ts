import type { Curve, Readings } from '@/api/schema'
import type { Gap, Reading } from '@/api/types'
import type { BandPoint, Point } from '@/components/TimeChart.vue'

function middleOf(gap: Gap): number {
  return Math.floor((Date.parse(gap.from) + Date.parse(gap.to)) / 2)
}

/** Points of the line with a break at each gap, so that missing time is drawn as missing. */
export function withGaps(points: Point[], gaps: readonly Gap[]): Point[] {
  const breaks: Point[] = gaps.map((gap) => [middleOf(gap), null])
  return [...points, ...breaks].sort((a, b) => a[0] - b[0])
}

/** Breaks a live trace where samples are further apart than `silentMs`. */
export function breakSilence(points: Point[], silentMs: number): Point[] {
  const result: Point[] = []
  for (const point of points) {
    const before = result.at(-1)
    if (before && point[0] - before[0] > silentMs) result.push([before[0] + 1, null])
    result.push(point)
  }
  return result
}

/** A curve of hours as readings: spans between whose points one is missing are gaps. */
export function readingsOf({ span_s, items }: Curve): Readings {
  const gaps = items.slice(1).flatMap(({ at }, index) => (Date.parse(at) - Date.parse(items[index]!.at) > 1500 * span_s ? [{ from: items[index]!.at, to: at }] : []))
  const points = items.map((point) => ({ ...point, pf_permille: point.pf_min_permille, frequency_chz: 0, quality: [] }))
  return { items: points, gaps, readings: items.reduce((sum, { readings }) => sum + readings, 0), damaged: 0 }
}

/** Smallest and largest power behind each thinned point, broken where the line is. */
export function bandOf(items: readonly Reading[], gaps: readonly Gap[]): BandPoint[] {
  const band: BandPoint[] = items.map((item) => ({
    at: Date.parse(item.at),
    low: item.power_min_dw,
    high: item.power_max_dw,
  }))
  const breaks = gaps.map((gap) => ({ at: middleOf(gap), low: null, high: null }))
  return [...band, ...breaks].sort((a, b) => a.at - b.at)
}

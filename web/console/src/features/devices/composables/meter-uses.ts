import type { MeterModel, MeterUse } from '@/api/schema'

export const USES: readonly MeterUse[] = ['prepaid', 'postpaid', 'control-only', 'main', 'common']
export const MODELS: readonly MeterModel[] = ['wattle-1', 'wattle-0']

/** Reading plans that one chooses from, s: divisors of a day. 0: the installation's. */
export const PERIODS_S = [0, 60, 300, 900, 1800, 3600, 21600, 86400] as const

import type { AlarmPlan, AlarmPlanEdit } from '@/api/types'
import { decimal, parseDecimal } from '@/format/number'

export const MONEY_VALUES = ['alarm1_fen', 'alarm2_fen', 'overdraft_fen', 'hoarding_fen', 'allow_close_fen'] as const
export const FLAG_VALUES = ['alarm2_trips', 'friendly_hours'] as const
export type MoneyValue = (typeof MONEY_VALUES)[number]
export type FlagValue = (typeof FLAG_VALUES)[number]

const FEN_DECIMALS = 2
const HOUR_S = 3600

/** A value of the form: as text, and whether this level says it itself. */
export interface Own<Value> {
  own: boolean
  value: Value
}

export interface PlanDraft {
  name: Own<string>
  alarm1_fen: Own<string>
  alarm2_fen: Own<string>
  overdraft_fen: Own<string>
  hoarding_fen: Own<string>
  allow_close_fen: Own<string>
  alarm2_trips: Own<boolean>
  friendly_hours: Own<boolean>
  /** In hours. */
  cut_notice_s: Own<string>
}

export const yuanText = (fen: number): string => decimal(fen, FEN_DECIMALS).replaceAll(',', '').replace('−', '-')

/** Seconds as hours without loss: 5400 → "1.5"; odd seconds keep their decimals. */
export function hoursText(seconds: number): string {
  const text = decimal(Math.round((seconds * 10_000) / HOUR_S), 4).replaceAll(',', '')
  return text.replace(/\.?0+$/, '')
}

export function hoursToSeconds(text: string): number | null {
  const parts = parseDecimal(text, 4)
  return parts === null || parts < 0 ? null : Math.round((parts * HOUR_S) / 10_000)
}

export function draftOf(plan: AlarmPlan, level: 'group' | 'property'): PlanDraft {
  const own = (name: MoneyValue | FlagValue | 'name' | 'cut_notice_s'): boolean => plan[name].source === level
  const money = (name: MoneyValue): Own<string> => ({ own: own(name), value: yuanText(plan[name].value) })
  const flag = (name: FlagValue): Own<boolean> => ({ own: own(name), value: plan[name].value })
  return {
    name: { own: own('name'), value: plan.name.value },
    alarm1_fen: money('alarm1_fen'),
    alarm2_fen: money('alarm2_fen'),
    overdraft_fen: money('overdraft_fen'),
    hoarding_fen: money('hoarding_fen'),
    allow_close_fen: money('allow_close_fen'),
    alarm2_trips: flag('alarm2_trips'),
    friendly_hours: flag('friendly_hours'),
    cut_notice_s: { own: own('cut_notice_s'), value: hoursText(plan.cut_notice_s.value) },
  }
}

/** What is sent: null for what is inherited. The names in `wrong` hold no number. */
export function editOf(draft: PlanDraft): { edit: AlarmPlanEdit; wrong: string[] } {
  const wrong: string[] = []
  const number = (name: string, { own, value }: Own<string>, parse: (text: string) => number | null): number | null => {
    if (!own) return null
    const parsed = parse(value)
    if (parsed === null) wrong.push(name)
    return parsed
  }
  const flag = ({ own, value }: Own<boolean>): boolean | null => (own ? value : null)
  const fen = (text: string): number | null => parseDecimal(text, FEN_DECIMALS)
  const edit: AlarmPlanEdit = {
    name: draft.name.own ? draft.name.value.trim() : null,
    alarm2_trips: flag(draft.alarm2_trips),
    friendly_hours: flag(draft.friendly_hours),
    cut_notice_s: number('cut_notice_s', draft.cut_notice_s, hoursToSeconds),
  }
  for (const name of MONEY_VALUES) edit[name] = number(name, draft[name], fen)
  return { edit, wrong }
}

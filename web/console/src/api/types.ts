// The shapes of docs/api/openapi.json that the console uses. Numbers are integers in the unit
// that their name ends with; times are RFC 3339 in UTC.

export interface Session {
  name: string
  role: string
  lang: string
}

export interface MeterState {
  contact: boolean
  want: boolean
  forced_trip: boolean
  keep_power: boolean
  close_allowed: boolean
  relay_fault: boolean
  clock_set: boolean
}

export interface MeterValues {
  at: string
  voltage_dv: number
  current_ma: number
  power_dw: number
  pf_permille: number
  frequency_chz: number
  energy_wh: number
}

export interface Meter {
  meter: string
  name: string
  property: string
  gateway: string
  chip: string
  online: boolean
  quality: string[]
  state: MeterState | null
  live: MeterValues | null
  last_reading_at: string | null
  gateway_online: boolean
  commands_pending: number
  room_state: string | null
}

export interface LiveItem extends MeterValues {
  meter: string
  state: MeterState
  quality: string[]
}

export interface MeterPage {
  items: Meter[]
  next: string | null
}

export interface Reading {
  at: string
  voltage_dv: number
  current_ma: number
  power_dw: number
  power_min_dw: number
  power_max_dw: number
  pf_permille?: number
  frequency_chz?: number
  energy_wh: number
  quality: string[] | number
}

export interface Gap {
  from: string
  to: string
}

export interface Readings {
  items: Reading[]
  gaps: Gap[]
}

export interface MeterEvent {
  at: string | null
  kind: string | number
  detail?: number
  value?: number
  boot?: number
  seq?: number
}

export type CommandKind = 'trip' | 'allow-close' | 'close' | 'keep-power' | 'release' | 'time'

export type CommandStage =
  | 'queued'
  | 'sent'
  | 'received'
  | 'executed'
  | 'verified'
  | 'refused'
  | 'failed'
  | 'expired'

export interface StageMark {
  stage: CommandStage
  at: string
  reason?: string | number | null
}

export interface Command {
  id: string | number
  meter: string
  kind: CommandKind
  by: string
  reason: string
  created_at: string
  expires_at: string
  stage: CommandStage
  stages: StageMark[]
  reason_code?: string | number | null
}

export interface Device {
  chip: string
  gateway: string
  first_seen: string | null
  last_seen: string | null
  address: number | null
  firmware: string | null
  key_known: boolean
}

export interface GatewayState {
  online: boolean
  boot: string
  since: number
  version: string
  config: number
  spool: { queued: number; oldest_s: number; bytes: number; damaged: number; refused: number }
  bus: { kind: string; up: boolean; load_permille: number; errors: number; terminals: number }
  clock: { offset_ms: number; confirmed: boolean; steps: number }
  last_stop: string
  dropped: number
}

export interface Gateway {
  id: string
  property: string
  online: boolean
  since: string | null
  state: Partial<GatewayState> | null
}

/** An error answer of the server (RFC 9457). */
export interface Problem {
  type?: string
  title: string
  title_zh?: string
  status: number
  detail?: string
  field?: string
}

// Made from docs/api/openapi.json by dev/make-types.mjs (npm run api); not by hand.

/** RFC 9457, in English and Chinese */
export interface Problem {
  /** /problems/<word> */
  type: string
  title: string
  title_zh: string
  status: number
  detail: string
  /** the member, parameter or header that is wrong */
  field?: string
}

/** number of an object */
export type Id = string

/** 12 digits, the first not 0 */
export type MeterNumber = string

/** short name in paths and topics */
export type Slug = string

/** 24 hex digits */
export type ChipId = string

/** RFC 3339, UTC, from 1970 on */
export type Time = string

/** a civil date, 2026-11-24 */
export type Day = string

export interface Login {
  name: string
  password: string
}

export interface Session {
  name: string
  role: string
  /** zh-CN or en */
  lang: string
}

/** Relay and clock of a terminal */
export interface State {
  contact: 'open' | 'closed'
  want: 'open' | 'closed'
  forced_trip: boolean
  keep_power: boolean
  close_allowed: boolean
  relay_fault: boolean
  clock_set: boolean
}

/** The newest values known, live sample or reading, and their time */
export interface Live {
  at: Time
  /** 0.1 V */
  voltage_dv: number
  /** mA */
  current_ma: number
  /** 0.1 W; negative: fed back */
  power_dw: number
  /** 0.001 */
  pf_permille: number
  /** 0.01 Hz */
  frequency_chz: number
  /** the meter's own register, whole Wh */
  energy_wh: number
}

export interface Meter {
  meter: MeterNumber
  name: string
  property: string
  gateway: string
  chip: ChipId
  /** its values speak of the present */
  online: boolean
  /** Empty: nothing to say against the value */
  quality: ('sensor_fault' | 'sample_stale' | 'segment' | 'implausible' | 'store_fault' | 'frozen' | 'clock_unsure' | 'edge')[]
  state: State | null
  live: Live | null
  /** RFC 3339, UTC */
  last_reading_at: string | null
  gateway_online: boolean
  commands_pending: number
  room_state: 'open' | 'cut' | 'forced-trip' | 'keep-power' | 'lost'
}

/** Means of the span, its last register, its least and greatest power */
export interface Point {
  at: Time
  /** 0.1 V */
  voltage_dv: number
  /** mA */
  current_ma: number
  /** 0.1 W; negative: fed back */
  power_dw: number
  /** 0.001 */
  pf_permille: number
  /** 0.01 Hz */
  frequency_chz: number
  /** the meter's own register, whole Wh */
  energy_wh: number
  power_min_dw: number
  power_max_dw: number
  /** Empty: nothing to say against the value */
  quality: ('sensor_fault' | 'sample_stale' | 'segment' | 'implausible' | 'store_fault' | 'frozen' | 'clock_unsure' | 'edge')[]
}

export interface Readings {
  items: Point[]
  gaps: {
    from: Time
    to: Time
  }[]
  /** stored readings that the points stand for */
  readings: number
  /** damaged batches left out */
  damaged: number
}

export interface Event {
  id: string
  meter?: MeterNumber
  chip?: ChipId
  /** word of libs/proto/event.h */
  kind: string
  title: string
  title_zh: string
  /** RFC 3339, UTC */
  at: string | null
  /** RFC 3339, UTC */
  stored_at: string | null
  detail: number
  value: number
  boot: number
  seq: number
}

export interface NewCommand {
  kind: 'trip' | 'allow-close' | 'close' | 'keep-power' | 'release' | 'time'
  /** for the audit */
  reason: string
  /** keep-power only: when it ends; absent: until released */
  until?: string
}

export interface Stage {
  stage: 'queued' | 'sent' | 'received' | 'executed' | 'verified' | 'refused' | 'failed' | 'expired'
  at: Time
  /** below 64 the terminal's, else the platform's */
  reason_code?: number
  reason_text?: string
  reason_text_zh?: string
}

/** queued, sent, received, executed, verified; or refused, failed, expired */
export interface Command {
  id: Id
  meter: MeterNumber
  kind: string
  by: string
  reason: string
  created_at: Time
  expires_at: Time
  until?: Time
  stage: 'queued' | 'sent' | 'received' | 'executed' | 'verified' | 'refused' | 'failed' | 'expired'
  stages: Stage[]
  /** below 64 the terminal's, else the platform's */
  reason_code?: number
  reason_text?: string
  reason_text_zh?: string
}

export interface Device {
  chip: ChipId
  gateway: string | null
  /** RFC 3339, UTC */
  first_seen: string | null
  /** RFC 3339, UTC */
  last_seen: string | null
  /** on its bus; 0: none */
  address: number
  firmware: string
  /** commands can be signed for it */
  key_known: boolean
  /** 12 digits, the first not 0 */
  meter: string | null
}

export interface Adopt {
  meter: MeterNumber
  name: string
  /** QR text WATTLE1:<chip>:<key> */
  label?: string
  key?: string
  use?: 'prepaid' | 'postpaid' | 'control-only' | 'main' | 'common'
}

export interface Adopted {
  meter: MeterNumber
  name: string
  chip: ChipId
  use: string
}

export interface Imported {
  /** keys that are new */
  imported: number
  /** lines known before */
  known: number
}

export interface Gateway {
  id: string
  property: string | null
  label: string
  online: boolean
  /** RFC 3339, UTC */
  since: string | null
  revoked: boolean
  config_version: number
  /** as the gateway published it last (docs/protocol/uplink.md) */
  state: Record<string, unknown> | null
}

export interface AuditLine {
  id: string
  at: Time
  who: string
  origin: string
  action: string
  object: string
  reason: string
  detail: string
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface MeterList {
  items: Meter[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface EventList {
  items: Event[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface CommandList {
  items: Command[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface DeviceList {
  items: Device[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface GatewayList {
  items: Gateway[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface AuditLineList {
  items: AuditLine[]
  next: string | null
}

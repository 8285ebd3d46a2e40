// Made from docs/api/openapi.json by dev/make-types.mjs (npm run api); not by hand.

/** a right: one word per kind of act */
export type PermissionWord = 'property.read' | 'property.write' | 'space.write' | 'meter.write' | 'meter.command' | 'meter.batch' | 'device.adopt' | 'gateway.write' | 'customer.read' | 'customer.reveal' | 'customer.write' | 'plan.write' | 'sheet.import' | 'sheet.export' | 'user.read' | 'user.write' | 'role.write' | 'approval.decide' | 'audit.read' | 'key.write' | 'webhook.write' | 'person.export' | 'person.erase' | 'system.manage' | 'account.read' | 'account.write' | 'account.close' | 'tariff.write' | 'vend.sell' | 'vend.refund' | 'allowance.write' | 'supply.write' | 'ledger.read' | 'ledger.write' | 'alarm.write'

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

/** why, in a few words */
export type ReasonText = string

/** RFC 3339, UTC, from 1970 on */
export type Time = string

/** a civil date, 2026-11-24 */
export type Day = string

export interface Login {
  name: string
  password: string
  /** of the second factor, or a recovery code */
  code?: string
}

/** A role at a scope */
export interface Grant {
  id: Id
  /** word of a built-in role, or number of an own one */
  role: string
  /** as people read it */
  role_name: string
  /** null: the whole installation */
  group: Id | null
  /** null: the whole group */
  property: Slug | null
  /** null: the whole property */
  space: Id | null
  expires_at: Time | null
}

/** Who is logged in */
export interface Session {
  user: Id
  name: string
  full_name: string
  phone: string
  /** zh-CN or en */
  lang: string
  /** whose staff; null: of the installation */
  group: Id | null
  /** a code is asked at login */
  second_factor: boolean
  /** left; they stand in for a lost second factor */
  recovery_codes: number
  /** until then other operations answer 403 `password-change-needed` */
  password_change_needed: boolean
  /** until then other operations answer 403 `second-factor-needed` */
  second_factor_needed: boolean
  /** held somewhere */
  permissions: string[]
  grants: Grant[]
}

export interface OwnEdit {
  full_name?: string
  phone?: string
  lang?: 'zh-CN' | 'en'
}

export interface PasswordChange {
  old: string
  /** at least 10 characters, not a common one */
  new: string
}

export interface TotpSecret {
  /** base32, to be typed */
  secret: string
  /** otpauth://, to be shown as a QR code */
  url: string
}

export interface Code {
  code: string
}

export interface RecoveryCodes {
  recovery_codes: string[]
}

export interface SessionItem {
  id: Id
  /** the one that asks */
  current: boolean
  created_at: Time
  seen_at: Time
  expires_at: Time
  origin: string
  user_agent: string
}

export interface SessionItems {
  items: SessionItem[]
}

export interface InvitationToken {
  token: string
}

export interface Invited {
  name: string
  full_name: string
  lang: string
  second_factor: boolean
}

export interface InvitationUse {
  token: string
  password: string
  /** when he has a second factor already */
  code?: string
}

export interface User {
  id: Id
  name: string
  full_name: string
  phone: string
  lang: string
  group: Id | null
  disabled_at: Time | null
  created_at: Time
  login_at: Time | null
  /** false: not yet, he needs an invitation */
  password_set: boolean
  second_factor: boolean
  grants: Grant[]
  version: number
}

export interface NewUser {
  /** to log in with */
  name: string
  full_name?: string
  phone?: string
  lang?: 'zh-CN' | 'en'
  /** whose staff; null: of the installation; absent: the caller's own group */
  group?: Id | null
}

export interface UserEdit {
  name?: string
  full_name?: string
  phone?: string
  lang?: 'zh-CN' | 'en'
  disabled?: boolean
  /** for the audit; wanted to disable */
  reason?: string
}

export interface NewInvitation {
  /** how long it lives; default 72 */
  hours?: number
}

export interface Invitation {
  /** for /invite#<token>; shown only here */
  token: string
  expires_at: Time
}

export interface NewGrant {
  /** word of a built-in role, or number of an own one */
  role: string
  group?: Id
  property?: Slug
  space?: Id
  expires_at?: Time
  /** for the audit */
  reason: string
}

export interface GrantResult {
  grant: Grant | null
  /** it waits for a second person */
  approval: Id | null
}

export interface Permission {
  word: string
  zh: string
  en: string
}

export interface Permissions {
  items: Permission[]
}

export interface Role {
  /** word of a built-in role, or number of an own one */
  role: string
  builtin: boolean
  name: string
  name_zh: string
  permissions: string[]
  /** who holds it must use a second factor */
  totp_required: boolean
  version: number
}

export interface Roles {
  items: Role[]
}

export interface NewRole {
  name: string
  permissions: string[]
  totp_required?: boolean
}

export interface RoleEdit {
  name?: string
  permissions?: string[]
  totp_required?: boolean
  /** for the audit; wanted to take rights away */
  reason?: string
}

export interface RoleResult {
  role: Role
  /** the change waits for a second person */
  approval: Id | null
}

/** the object as figures; what does not apply is null */
export interface ApprovalAbout {
  kind: 'user' | 'role' | 'gateway' | 'import' | 'customer' | 'account' | 'order' | 'meters' | 'accounts' | 'openings' | 'other'
  /** of one: its number or name */
  id: string | null
  /** of meters: what they shall do */
  command: string | null
  /** of many */
  count: number | null
  amount_fen: number | null
}

export interface Approval {
  id: Id
  kind: string
  kind_name: string
  kind_name_zh: string
  property: Slug | null
  group: Id | null
  object: string
  /** the same in Chinese */
  object_zh: string
  about: ApprovalAbout
  /** what the object is called today, where it has a name that the caller may see; of a built-in role its word */
  object_name: string | null
  /** things it touches */
  count: number
  /** of the act with its whole list, reason and requester */
  hash: string
  reason: string
  by: string
  created_at: Time
  expires_at: Time
  state: 'waiting' | 'done' | 'rejected' | 'cancelled' | 'expired' | 'failed'
  /** by the caller, now */
  decidable: boolean
  decided_at: Time | null
  decided_by: string
  decided_reason: string
  result: string
}

export interface ApprovalAct {
  approval: Approval
  /** the act, as it will be done */
  act: unknown
  names: ApprovalNames
}

/** what the numbers in the act are called today; null: it names none, it is gone, or the caller may not see it */
export interface ApprovalNames {
  user: string | null
  role: string | null
  group: string | null
  property: string | null
  space: string | null
  customer: string | null
  import: string | null
}

export interface Decision {
  verdict: 'agree' | 'reject'
  /** of what was looked at; another one is 409 */
  hash: string
  /** needed to reject */
  reason?: string
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
  /** where it hangs; null: in no space */
  space: Id | null
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
  gateway?: Slug
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
  property: Slug
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
  model?: MeterModel
  space?: Id
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

export interface Revoke {
  /** for the audit */
  reason: string
}

export interface RevokeResult {
  gateway: Slug
  /** it waits for a second person; null: it is revoked */
  approval: Id | null
}

export interface NewCommandBatch {
  kind: 'trip' | 'allow-close' | 'close' | 'keep-power' | 'release'
  /** for the audit */
  reason: string
  /** keep-power only: when it ends */
  until?: string
  meters?: MeterNumber[]
  /** true: all meters of the property */
  all?: boolean
  space?: Id
  gateway?: Slug
  use?: 'prepaid' | 'postpaid' | 'control-only' | 'main' | 'common'
}

export interface CommandBatch {
  id: Id
  kind: string
  until: Time | null
  reason: string
  by: string
  created_at: Time
  approval: Id | null
  /** meters */
  count: number
  /** commands given, or refused by the platform */
  given: number
  state: 'giving' | 'done' | 'stopped'
  stopped_why: string
}

export interface CommandBatchResult {
  batch: CommandBatch | null
  /** it waits for a second person */
  approval: Id | null
  /** meters */
  count: number
}

export interface CommandBatchStages {
  batch: CommandBatch
  /** commands in each stage */
  stages: {
    queued: number
    sent: number
    received: number
    executed: number
    verified: number
    refused: number
    failed: number
    expired: number
  }
}

export interface CommandBatchItem {
  position: number
  meter: MeterNumber
  /** null: not given yet, or refused by the platform */
  command: Id | null
  stage: 'queued' | 'sent' | 'received' | 'executed' | 'verified' | 'refused' | 'failed' | 'expired' | null
  /** below 64 the terminal's, else the platform's */
  reason_code: number
  reason_text: string
  reason_text_zh: string
  /** why no command was given: forbidden, not-found, auth (its key is not known), refused (too many are open), closed (it is marked never to be cut), held (too many openings: it waits for two persons), expired (nobody agreed in time) */
  error: string
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
  /** who, as a number; null: not a person */
  user: Id | null
  /** the API key that acted */
  key: Id | null
  result: 'done' | 'refused'
  /** what the act changed, as it was; null: nothing to show */
  before: unknown
  /** as it is since then */
  after: unknown
}

export interface AuditChain {
  /** that were looked at */
  lines: number
  /** of the last one, 64 hex digits */
  last_hash: string
  /** the first line that is not as it was written; null: none */
  bad_line: Id | null
}

export type AlarmLevel = 'notice' | 'important' | 'urgent'

export interface AlarmNote {
  /** what is being done about it */
  note?: string
}

export interface Alarm {
  id: Id
  /** word of libs/proto/event.h */
  kind: string
  title: string
  title_zh: string
  level: AlarmLevel
  meter: MeterNumber | null
  meter_name: string | null
  gateway: string | null
  chip: ChipId | null
  detail: number
  value: number
  /** how often it was told while it lasted */
  count: number
  started_at: Time | null
  last_at: Time | null
  /** null: it lasts */
  ended_at: Time | null
  acknowledged_at: Time | null
  acknowledged_by: string | null
  note: string
}

export interface OverviewReceived {
  /** purchases that were paid */
  received_fen: number
  orders: number
  /** reversed, refunded, paid out */
  returned_fen: number
}

export interface OverviewMoney {
  today: OverviewReceived
  month: OverviewReceived
  /** what tenants have with the property, by the ledger */
  credit_fen: number
  /** what tenants owe it */
  owed_fen: number
}

export interface OverviewAccount {
  id: Id
  code: string
  customer: NamedCustomer
  /** room of its first meter; empty: in none */
  path: string
  meter: MeterNumber | null
  available_fen: number
  /** 99990: nothing was used; 0: nothing is left */
  days_left_tenths: number
  state: 'good' | 'alarm-1' | 'alarm-2' | 'overdraft' | 'grace' | 'cut'
}

export interface OverviewBalances {
  good: number
  alarm_1: number
  alarm_2: number
  overdraft: number
  grace: number
  cut: number
  /** of those that are not good, the least first */
  lowest: OverviewAccount[]
}

export interface OverviewAlarms {
  urgent: number
  important: number
  notice: number
  unacknowledged: number
}

export interface OverviewSilent {
  /** gateway: it is offline; bus: it is online and none of its meters speaks; terminal: single ones do not; never: nothing came from it yet */
  cause: 'gateway' | 'bus' | 'terminal' | 'never'
  gateway: string
  /** when the first of them spoke last */
  since: Time | null
  meters: number
  meter: MeterNumber
}

export interface OverviewPower {
  /** of the meters that speak; main meters are left out */
  now_w: number
  meters: number
  /** at the same time of day; null: not known */
  yesterday_w: number | null
  /** each quarter of an hour of the last two days */
  samples: OverviewSample[]
}

export interface OverviewSample {
  at: Time
  power_w: number
}

export interface OverviewUse {
  meter: MeterNumber
  name: string
  energy_wh: number
  cost_fen: number
}

export interface OverviewWaiting {
  /** on their way */
  commands: number
  /** that the guard holds */
  held_openings: number
  /** readings that cannot be charged */
  intervals: number | null
  /** between a bill and the books */
  differences: number | null
  suspense: number | null
  approvals: number | null
  /** that end soon */
  leases: number | null
}

export interface PropertyOverview {
  property: Slug
  name: string
  group: Id
  as_of: Time
  money: OverviewMoney | null
  balances: OverviewBalances | null
  alarms: OverviewAlarms
  meters: number
  silent: OverviewSilent[]
  silent_meters: number
  power: OverviewPower
  uses: OverviewUse[] | null
  waiting: OverviewWaiting
}

export interface Overview {
  items: PropertyOverview[]
}

export type TaskKind = 'interval' | 'purse' | 'charging' | 'difference' | 'suspense' | 'held' | 'approval' | 'lease'

/** number of what it is about: of a meter, a difference and so on; where the same may come again, with the time from which it waits */
export type TaskObject = string

export interface TaskTake {
  kind: TaskKind
  object: TaskObject
  /** person whose it shall be; null: nobody's */
  owner: Id | null
}

export interface TaskOwner {
  kind: TaskKind
  object: string
  owner: Id
  name: string
  since: Time
}

export interface TaskOwners {
  items: TaskOwner[]
}

/** 1 to 31 characters */
export type PlaceName = string

/** code of an alarm plan */
export type PlanCode = string

export interface NewGroup {
  name: PlaceName
}

export interface GroupEdit {
  name?: PlaceName
  /** of its properties that choose none */
  calendar?: Id | null
  archived?: boolean
}

export interface Group {
  id: Id
  name: string
  calendar: Id | null
  archived: boolean
  created_at: Time | null
  version: number
}

export interface NewProperty {
  slug: Slug
  name: PlaceName
  address?: string
  /** whom tenants call */
  phone?: string
  /** civil time; 480 when absent */
  utc_offset_min?: number
}

export interface PropertyEdit {
  name?: PlaceName
  address?: string
  /** whom tenants call */
  phone?: string
  /** null: its group's */
  calendar?: Id | null
  /** of accounts that name none; null: `default` */
  alarm_plan?: PlanCode | null
  /** before the end of a lease that says nothing */
  remind_days?: number
  archived?: boolean
}

export interface Property {
  slug: Slug
  name: string
  group: Id
  address: string
  phone: string
  utc_offset_min: number
  /** null: its group's */
  calendar: Id | null
  /** null: `default` */
  alarm_plan: PlanCode | null
  remind_days: number
  archived: boolean
  created_at: Time | null
  version: number
}

export type SpaceKind = 'building' | 'floor' | 'room'

/** short and stable, unique below its parent; without / */
export type SpaceCode = string

export type MeterUse = 'prepaid' | 'postpaid' | 'control-only' | 'main' | 'common'

/** wattle-1 keeps credit in the meter, where the account wants it; wattle-0 does not */
export type MeterModel = 'wattle-1' | 'wattle-0'

export interface NewSpace {
  kind: SpaceKind
  /** null or absent: the property itself */
  parent?: Id | null
  code: SpaceCode
  name?: string
  /** 1/100 m2; 0: unknown */
  area_dm2?: number
  /** place in lists */
  sort?: number
}

export interface SpaceEdit {
  parent?: Id | null
  code?: SpaceCode
  name?: string
  /** 1/100 m2; 0: unknown */
  area_dm2?: number
  /** place in lists */
  sort?: number
}

export interface Space {
  id: Id
  kind: SpaceKind
  parent: Id | null
  code: string
  name: string
  /** codes from the building down: A/3/301 */
  path: string
  area_dm2: number
  sort: number
  created_at: Time | null
  version: number
}

export interface MeterSettingsEdit {
  name?: string
  use?: MeterUse
  model?: MeterModel
  /** reading plan, a divisor of a day; 0: the installation's */
  period_s?: number
  /** null: in no space */
  space?: Id | null
  /** when the change of place or use was; absent: now. Not before the last one */
  since?: string
}

export interface MeterSettings {
  meter: MeterNumber
  name: string
  use: MeterUse
  model: MeterModel
  /** its model can keep the credit in the meter */
  keeps_credit: boolean
  period_s: number
  space: Id | null
  path: string | null
  property: Slug
  created_at: Time | null
  version: number
}

export interface MeterPlace {
  from: Time | null
  /** null: in no space, or in one that the caller does not see */
  space: Id | null
  path: string | null
  use: MeterUse
  by: string
}

export type CustomerKind = 'person' | 'company'

export type Lang = 'zh-CN' | 'en'

export interface Reason {
  /** for the audit */
  reason: string
}

export interface PhoneEdit {
  id?: Id
  /** 3 to 20 digits, + before them or not; blanks and hyphens are dropped */
  number?: string
  label?: string
  /** exactly one is */
  main?: boolean
}

export interface NewCustomer {
  name: string
  /** unique in the property; made when absent */
  code?: string
  kind?: CustomerKind
  phones?: PhoneEdit[]
  /** id or licence number */
  identity?: string
  lang?: Lang
  note?: string
}

export interface CustomerEdit {
  name?: string
  code?: string
  kind?: CustomerKind
  /** all of them */
  phones?: PhoneEdit[]
  /** id or licence number; null: gone */
  identity?: string | null
  lang?: Lang
  note?: string
  archived?: boolean
}

export interface Phone {
  id: Id
  /** 138****1234 where it is masked */
  number: string
  label: string
  main: boolean
}

export interface Customer {
  id: Id
  code: string
  kind: CustomerKind
  name: string
  phones: Phone[]
  /** masked */
  identity: string | null
  lang: Lang
  /** not in lists */
  note?: string
  archived: boolean
  erased_at: Time | null
  created_at: Time | null
  version: number
}

export interface CustomerNumbers {
  phones: Phone[]
  identity: string | null
}

export type LeaseState = 'planned' | 'running' | 'ended' | 'cancelled'

export interface NewLease {
  customer: Id
  spaces: Id[]
  start: Day
  end?: Day
  /** unique in the property; made when absent */
  code?: string
  /** before the end; null: as the property says */
  remind_days?: number | null
  note?: string
}

export interface LeaseEdit {
  spaces?: Id[]
  start?: Day
  /** null: open */
  end?: Day | null
  code?: string
  remind_days?: number | null
  note?: string
}

export interface LeasedSpace {
  id: Id
  path: string
}

export interface NamedCustomer {
  id: Id
  name: string
}

export interface Lease {
  id: Id
  code: string
  customer: NamedCustomer
  /** those where the caller may read customers */
  spaces: LeasedSpace[]
  /** how many it has elsewhere */
  more_spaces: number
  state: LeaseState
  start: Day | null
  end: Day | null
  from: Time | null
  /** it holds [from, until); null: open */
  until: Time | null
  remind_days: number | null
  /** not in lists */
  note?: string
  created_at: Time | null
  version: number
}

export interface Reminder {
  id: Id
  lease: {
    id: Id
    code: string
  }
  customer: NamedCustomer
  /** those where the caller may read customers */
  spaces: LeasedSpace[]
  /** how many it has elsewhere */
  more_spaces: number
  end: Day | null
  written_at: Time | null
  done_at: Time | null
  done_by: string | null
}

export interface FriendlyWindow {
  /** a holiday is no weekday; a make-up working day is a Monday */
  days: ('mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun' | 'holiday')[]
  from: string
  /** not above `from`: on the next day */
  to: string
}

export interface CalendarDay {
  date: Day
  /** plain: marked for being cut-free only; workday: a week end that is worked */
  kind: 'plain' | 'holiday' | 'workday'
  cut_free?: boolean
  name?: string
}

export interface NewCalendar {
  name: string
  /** no cut for money in these hours */
  friendly?: FriendlyWindow[]
  days?: CalendarDay[]
}

export interface CalendarEdit {
  name?: string
  /** no cut for money in these hours */
  friendly?: FriendlyWindow[]
  days?: CalendarDay[]
}

export interface CalendarHead {
  id: Id
  name: string
  owner: 'group' | 'property'
  created_at: Time | null
  version: number
}

export interface Calendar {
  id: Id
  name: string
  owner: 'group' | 'property'
  created_at: Time | null
  version: number
  /** no cut for money in these hours */
  friendly: FriendlyWindow[]
  days: CalendarDay[]
}

export interface CalendarState {
  /** null: none, then nothing holds a cut up */
  calendar: Id | null
  source: Source
  at: Time | null
  holiday: boolean
  friendly: boolean
  cut_free: boolean
  /** the first instant from `at` on at which a cut may be made; null: not within 400 days */
  cut_from: Time | null
}

/** who says so */
export type Source = 'builtin' | 'group' | 'property'

export interface SourcedText {
  value: string
  source: Source
}

export interface SourcedInteger {
  value: number
  source: Source
}

export interface SourcedFlag {
  value: boolean
  source: Source
}

export interface AlarmPlanEdit {
  name?: string | null
  /** balance at which the tenant is told; null: inherited */
  alarm1_fen?: number | null
  /** told again; not above alarm1_fen; null: inherited */
  alarm2_fen?: number | null
  /** how far below zero supply lasts; 0: not at all; null: inherited */
  overdraft_fen?: number | null
  /** most that balance and recharge may make; 0: no limit; null: inherited */
  hoarding_fen?: number | null
  /** after a cut, closing needs a balance above it; null: inherited */
  allow_close_fen?: number | null
  /** alarm 2 trips once as a reminder; null: inherited */
  alarm2_trips?: boolean | null
  /** no cut in friendly hours and on cut-free days; null: inherited */
  friendly_hours?: boolean | null
  /** from the notice to the cut; null: inherited */
  cut_notice_s?: number | null
}

export interface AlarmPlan {
  code: PlanCode
  name: SourcedText
  alarm1_fen: SourcedInteger
  alarm2_fen: SourcedInteger
  overdraft_fen: SourcedInteger
  hoarding_fen: SourcedInteger
  allow_close_fen: SourcedInteger
  alarm2_trips: SourcedFlag
  friendly_hours: SourcedFlag
  cut_notice_s: SourcedInteger
  /** of this level; 0: it sets nothing */
  version: number
}

export type MessageKind = 'alarm-1' | 'alarm-2' | 'will-be-cut' | 'cut' | 'restored' | 'recharged' | 'recharge-failed' | 'refunded' | 'price-change' | 'closing' | 'abnormal-use' | 'outage' | 'keep-power-ending' | 'lease-ending' | 'gateway-offline' | 'sms-credit-low' | 'reconciliation' | 'bill-due' | 'bill-overdue'

export type Channel = 'sms' | 'wechat' | 'app'

export interface TemplateEdit {
  body?: string
  /** number that the provider of messages gave */
  provider_id?: string
}

export interface TemplateTry {
  body: string
}

export interface TemplatePreview {
  preview: string
  sms_parts: number
}

export interface Template {
  kind: MessageKind
  kind_zh: string
  kind_en: string
  lang: Lang
  channel: Channel
  body: string
  provider_id: string
  source: Source
  /** values that may stand in it */
  fields: string[]
  /** with example values */
  preview: string
  sms_parts: number
  /** of this level; 0: it says nothing */
  version: number
}

export interface RetentionDays {
  /** 0: for ever */
  days: number
  source: Source
}

export interface RetentionEdit {
  /** id numbers, from the end of the last lease; 0: for ever; null: as built in */
  identity?: number | null
  /** phones, from the end of the last lease; 0: for ever; null: as built in */
  phone?: number | null
  /** name, code, notes and the rest, from the end of the last lease; 0: for ever; null: as built in */
  customer?: number | null
  /** events of meters and gateways, from when they were stored; 0: for ever; null: as built in */
  event?: number | null
  /** reminders that are done; 0: for ever; null: as built in */
  reminder?: number | null
  /** messages to tenants; 0: for ever; null: as built in */
  message?: number | null
}

export interface Retention {
  identity: RetentionDays
  phone: RetentionDays
  customer: RetentionDays
  event: RetentionDays
  reminder: RetentionDays
  message: RetentionDays
  version: number
}

export interface RetentionRun {
  day: Day | null
  at: Time | null
  /** removed */
  identity: number
  /** removed */
  phone: number
  /** removed */
  customer: number
  /** removed */
  event: number
  /** removed */
  reminder: number
  /** removed */
  message: number
}

export interface Erasure {
  /** it waits for a second person */
  approval: Id | null
}

export interface PersonDocument {
  made_at: Time | null
  property: string
  customer: Record<string, unknown>
  leases: (Record<string, unknown>)[]
  /** stays at meters */
  meters: (Record<string, unknown>)[]
  /** with balance, purchases and what is kept of photos */
  accounts: (Record<string, unknown>)[]
  messages: PersonMessage[]
  /** accounts of an old system that were named as his */
  takeovers: (Record<string, unknown>)[]
  /** what was done about him */
  acts: (Record<string, unknown>)[]
}

export interface PrivacyEdit {
  zh?: string
  en?: string
}

export interface Privacy {
  zh: string
  en: string
  updated_at: Time | null
  version: number
}

export interface PersonMessage {
  at: Time
  sent_at: Time | null
  kind: string
  phone: string
  text: string
}

/** kind of sheet */
export type SheetName = 'accounts' | 'alarm-plans' | 'calendars' | 'customers' | 'leases' | 'meters' | 'spaces' | 'takeover' | 'templates' | 'terminals' | 'users'

export interface SheetKinds {
  items: SheetKind[]
}

export interface SheetKind {
  sheet: string
  zh: string
  en: string
  /** an import waits for a second person, however few rows */
  second_person: boolean
  columns: SheetColumn[]
}

export interface SheetColumn {
  key: string
  zh: string
  en: string
  type: 'text' | 'digits' | 'number' | 'date' | 'time' | 'word' | 'bool'
  required: boolean
  /** in exports; an import takes no notice of it */
  read_only: boolean
  /** a text of several lines */
  lines: boolean
  /** characters of a text, value of a number in its last decimal */
  min: number
  max: number
  decimals: number
  words: SheetWord[]
  help_zh: string
  help_en: string
}

export interface SheetWord {
  word: string
  zh: string
  en: string
}

export interface NewImport {
  sheet: SheetName
  /** of the file, to be shown */
  name?: string
  /** of a CSV without byte order mark; default auto */
  encoding?: 'auto' | 'utf-8' | 'gb18030'
  /** control total: rows behind the header */
  rows?: number
  /** control total of a take-over */
  balance_fen?: number
  /** control total of a take-over: registers in 0.001 kWh or m3 */
  register_milli?: number
}

export interface ApplyImport {
  /** of the import as it was read */
  sha256: string
  /** for the audit and the second person */
  reason?: string
}

export interface ImportTotal {
  name: string
  wanted: number | null
  found: number
}

export interface Import {
  id: Id
  sheet: string
  name: string
  state: 'receiving' | 'uploaded' | 'checking' | 'checked' | 'applying' | 'applied' | 'failed' | 'cancelled'
  bytes: number
  by: string
  reason: string
  created_at: Time
  changed_at: Time
  /** so far, while it is checked */
  rows: number
  added: number
  changed: number
  same: number
  /** all; the list keeps the first 10,000 */
  mistakes: number
  /** of the rows that would be imported; empty before the check */
  sha256: string
  totals: ImportTotal[]
  approval: Id | null
  /** the second person */
  agreed_by: string
  fault: ImportMistake | null
}

export interface ImportMistake {
  /** as a spreadsheet shows it; 0: the file as a whole */
  row: number
  /** letters, as a spreadsheet shows it; empty: the row as a whole */
  column: string
  /** a word for machines */
  fault: string
  text: string
  text_zh: string
  /** a limit, a name */
  detail: string
}

/** a column of a readings export; its unit is in its name */
export type ReadingColumn = 'time_s' | 'time_local' | 'meter' | 'name' | 'space' | 'gap_from_s' | 'energy_wh' | 'power_dw' | 'voltage_dv' | 'current_ma' | 'pf_permille' | 'frequency_chz' | 'state' | 'quality'

export interface VoidTakeover {
  /** for the audit */
  reason: string
}

export interface TakeoverVoided {
  /** rows that are void now */
  count: number
}

export interface Takeover {
  id: Id
  taken_over_at: Time
  rows: number
  /** sum; below zero: owed */
  balance_fen: number
  /** sum of registers, in 0.001 kWh or m3 */
  register_milli: number
  rows_sha256: string
  asked_by: string
  agreed_by: string
  reason: string
  /** rows that wait for the ledger */
  staged: number
  posted: number
  void: number
}

export interface TakeoverRow {
  row: number
  meter: MeterNumber | null
  space: Id | null
  customer: Id | null
  old_account: string
  balance_fen: number
  purchase_count: number
  register_milli: number | null
  read_at: Time | null
  note: string
  state: 'staged' | 'posted' | 'void'
}

export interface Curve {
  /** of a point: whole hours */
  span_s: number
  items: CurvePoint[]
}

export interface CurvePoint {
  at: Time
  readings: number
  voltage_min_dv: number
  /** mean */
  voltage_dv: number
  voltage_max_dv: number
  current_ma: number
  current_max_ma: number
  power_min_dw: number
  power_dw: number
  power_max_dw: number
  pf_min_permille: number
  /** register at its last reading */
  energy_wh: number
}

export interface Energy {
  /** of all lines; litres of a water meter */
  use_wh: number
  /** of these, in lines whose registers were computed */
  estimated_wh: number
  /** days without a reading, from the meter's first one on */
  without_data: Day[]
  items: EnergyLine[]
}

export interface EnergyLine {
  from: Time
  to: Time
  day: Day | null
  month: string | null
  open_wh: number | null
  /** device: a reading of that very second */
  open_source: 'none' | 'device' | 'computed'
  close_wh: number | null
  close_source: 'none' | 'device' | 'computed'
  /** null: nothing is known, which is not 0 */
  use_wh: number | null
  estimated: boolean
  /** a reading lies in it */
  has_data: boolean
  readings: number
  power_max_dw: number | null
  voltage_min_dv: number | null
  voltage_max_dv: number | null
  frozen: boolean
  /** by data that came after it was frozen */
  corrected: boolean
  /** of a month */
  days_with_data: number | null
  /** of a month: use of each of its days, null without data */
  days: (number | null)[] | null
}

export interface ApiKey {
  id: Id
  name: string
  /** first characters of the key */
  start: string
  group: Id | null
  property: Slug | null
  space: Id | null
  permissions: PermissionWord[]
  made_by: string
  created_at: Time
  expires_at: Time | null
  ended_at: Time | null
  used_at: Time | null
  state: 'live' | 'expired' | 'ended'
}

export interface NewApiKey {
  name: string
  property?: Slug
  space?: Id
  permissions: PermissionWord[]
  expires_at?: string
  reason: string
}

export interface ApiKeyMade {
  /** Authorization: Bearer <key>; not shown again */
  key: string
  item: ApiKey
}

export interface Webhook {
  id: Id
  name: string
  url: string
  kinds: string[]
  enabled: boolean
  created_at: Time
}

export interface NewWebhook {
  name: string
  url: string
  kinds: ('reading.missed' | 'alarm' | 'command.stage' | 'device.found' | 'account.changed' | 'order.stage')[]
}

export interface WebhookEdit {
  name?: string
  url?: string
  kinds?: ('reading.missed' | 'alarm' | 'command.stage' | 'device.found' | 'account.changed' | 'order.stage')[]
  enabled?: boolean
  /** the old one ends at once */
  new_secret?: boolean
}

export interface WebhookMade {
  /** key of the signature; not shown again */
  secret: string | null
  item: Webhook
}

export interface Delivery {
  id: Id
  kind: string
  state: 'pending' | 'delivered' | 'failed'
  created_at: Time
  next_at: Time | null
  done_at: Time | null
  tries: number
  status: number | null
  error: string
  replay_of: Id | null
  /** what is sent */
  body: Record<string, unknown>
}

export interface DeliveryMade {
  id: Id
}

export type AccountState = 'draft' | 'open' | 'suspended' | 'closing' | 'closed'

export type AccountKind = 'pay-per-use' | 'merged' | 'monthly-fee' | 'postpaid'

export type Service = 'electricity' | 'water'

export type CreditPlace = 'platform' | 'meter'

/** own limits; null: as the plan says */
export interface AccountLimits {
  alarm1_fen?: number | null
  alarm2_fen?: number | null
  overdraft_fen?: number | null
  hoarding_fen?: number | null
  allow_close_fen?: number | null
}

export interface TermsBody {
  kind: AccountKind
  /** a month, of monthly-fee */
  fee_fen?: number
  /** 1 to 28, of postpaid */
  bill_day?: number
  /** after the billing day, of postpaid */
  due_days?: number
  /** may an overdue bill cut the supply; default no */
  overdue_trips?: boolean
}

export interface NewAccount {
  customer: Id
  /** unique in the property; made when absent */
  code?: string
  /** code of an alarm plan; absent: as the property says */
  plan?: string
  note?: string
  limits?: AccountLimits
  terms?: TermsBody
}

export interface AccountEdit {
  customer?: Id
  code?: string
  plan?: string | null
  note?: string
  limits?: AccountLimits
  reason?: ReasonText
}

export interface TermsEdit {
  from?: Time
  kind: AccountKind
  /** a month, of monthly-fee */
  fee_fen?: number
  /** 1 to 28, of postpaid */
  bill_day?: number
  /** after the billing day, of postpaid */
  due_days?: number
  /** may an overdue bill cut the supply; default no */
  overdue_trips?: boolean
  withdraw?: boolean
  reason?: ReasonText
}

export interface FinalRegister {
  meter: MeterNumber
  /** its last register, typed, in Wh or litres; absent: its newest reading */
  units?: number
  photo?: PhotoName
  /** a person has seen that it is more than the circuit can carry */
  accepted?: boolean
}

export interface MeterBinding {
  meter: MeterNumber
  service: Service
  credit?: CreditPlace
  /** its first register, typed, in Wh or litres; absent: its newest reading */
  units?: number
  photo?: PhotoName
}

export interface AccountOpen {
  meters: MeterBinding[]
  /** balance of an old system; below zero: owed */
  opening_fen?: number
  reason?: ReasonText
}

export interface AccountAdd {
  meters: MeterBinding[]
  reason?: ReasonText
}

export interface AccountRemove {
  meters: FinalRegister[]
  reason: ReasonText
}

export interface AccountClose {
  meters?: FinalRegister[]
  /** by which what is left is to be paid out; default transfer */
  channel?: 'cash' | 'transfer'
  /** whom, and into which account; needed for a transfer */
  payee?: string
  reason: ReasonText
}

export interface AccountFinish {
  /** by which what is left is to be paid out; default transfer */
  channel?: 'cash' | 'transfer'
  /** whom, and into which account; needed for a transfer */
  payee?: string
  reason: ReasonText
}

export interface AccountWriteoff {
  /** as it was seen */
  owed_fen: number
  reason: ReasonText
}

export interface AccountChange {
  customer: Id
  /** unique in the property; made when absent */
  code?: string
  meters?: FinalRegister[]
  /** by which what is left is to be paid out; default transfer */
  channel?: 'cash' | 'transfer'
  /** whom, and into which account; needed for a transfer */
  payee?: string
  reason: ReasonText
}

export interface AccountMove {
  leaves: FinalRegister[]
  takes: MeterBinding[]
  reason: ReasonText
}

export interface AccountSwap {
  old: FinalRegister
  meter: MeterNumber
  /** first register of the new meter, typed; absent: its newest reading */
  units?: number
  photo?: PhotoName
  credit?: CreditPlace
  reason: ReasonText
}

export interface MeterParentEdit {
  /** null: stands alone */
  above: MeterNumber | null
  from?: Time
}

export interface Terms {
  /** null: from the opening */
  from: Time | null
  kind: AccountKind
  fee_fen: number
  bill_day: number | null
  due_days: number | null
  overdue_trips: boolean
  by: string
}

export interface Register {
  units: number
  source: 'auto' | 'typed' | 'estimated'
  /** name of its photo, among those of the account; one that was removed stays named */
  photo: string | null
}

/** credit in the meter, as both sides know it */
export interface MeterPurse {
  /** purchases that we know to be in it */
  count: number
  /** of them */
  total_fen: number
  /** by our books: what was delivered less what it used by our reading */
  balance_fen: number
  /** as the meter said last; null: it has not */
  meter_count: number | null
  meter_total_fen: number | null
  meter_balance_fen: number | null
  read_at: Time | null
  /** count or total, with nothing on its way that would explain it */
  differs: boolean
  /** on its way into it, or waiting */
  pending_fen: number
  /** what is under way now */
  pending: PursePending | null
}

export interface PursePending {
  /** a purchase; money that a swap moved; the end of what is left */
  kind: 'order' | 'carry' | 'void'
  state: 'waiting' | 'queued' | 'asking' | 'done' | 'refused' | 'held' | 'dropped'
  amount_fen: number
  order: Id | null
  command: Id | null
  tries: number
  reason: string
  since: Time | null
}

export interface AccountMeter {
  meter: MeterNumber
  name: string
  path: string | null
  service: Service
  credit: CreditPlace
  from: Time | null
  /** null: it goes on */
  until: Time | null
  opened: Register
  closed: Register | null
  /** null: its credit is not in the meter */
  purse: MeterPurse | null
}

export interface AccountMoney {
  /** of the ledger */
  balance_fen: number
  allowance_fen: number
  /** use that is not posted yet, rounded up */
  accrued_fen: number
  /** of the account itself */
  available_fen: number
  /** beside it, in the purses of its meters by our books */
  in_meters_fen: number
  as_of: Time | null
  fresh: boolean
  /** meters whose reading waits for a person */
  faults: number
}

export interface AccountStanding {
  owed_fen: number
  unbilled_fen: number
  billed_fen: number
  overdue_fen: number
  due: Day | null
}

export interface LimitValue {
  value: number
  /** the account's own, not the plan's */
  own: boolean
}

export interface Account {
  id: Id
  code: string
  customer: NamedCustomer
  state: AccountState
  plan: {
    code: string
    name: string
    /** named by the account, not by its property */
    own: boolean
  }
  limits: {
    alarm1_fen: LimitValue
    alarm2_fen: LimitValue
    overdraft_fen: LimitValue
    hoarding_fen: LimitValue
    allow_close_fen: LimitValue
  }
  kind: AccountKind | null
  money: AccountMoney
  standing: AccountStanding
  /** decided to be paid out, not paid yet */
  payable_fen: number
  meters: AccountMeter[]
  terms: Terms[]
  note: string
  created_at: Time | null
  opened_at: Time | null
  closed_at: Time | null
  version: number
}

export interface AccountLine {
  id: Id
  code: string
  customer: NamedCustomer
  state: AccountState
  kind: AccountKind | null
  available_fen: number
  fresh: boolean
  /** uses that go on */
  meters: number
  /** the first of them */
  meter: MeterNumber | null
  path: string | null
  opened_at: Time | null
  version: number
}

export interface AccountOpened {
  account: Account
  /** rows of a take-over that were posted */
  taken_rows: number
  taken_fen: number
}

export interface AccountClosed {
  account: Account
  direction: 'none' | 'refund' | 'pays'
  /** before it was moved; below zero: owed */
  left_fen: number
  /** allowances that lapsed */
  lapsed_fen: number
  /** to be paid out */
  refund: Id | null
  /** the payout waits for a second person */
  approval: Id | null
}

export interface AccountChanged {
  closed: AccountClosed
  account: Account
}

export interface AccountSwapped {
  account: Account
  /** out of the old meter's purse */
  moved_fen: number
  /** keep-power for the new meter */
  command: Id | null
}

export interface AccountAsked {
  account: Id
  approval: Id
}

export interface StatementLine {
  id: Id
  at: Time
  day: Day
  kind: string
  key: string
  receipt: Id | null
  /** the posting that it corrects */
  refers: Id | null
  by: string
  reason: string
  amount_fen: number
  /** after it */
  balance_fen: number
}

export interface Charge {
  meter: MeterNumber
  day: Day
  /** 0 main, 1 to 3 further, 8 fee, 9 minimum */
  line: number
  tariff: {
    version: Id
    code: string
    name: string
    valid_from: Time | null
  } | null
  rate: number
  /** from 0 */
  step: number
  estimated: boolean
  /** what late readings changed of a day that was posted: units and money below 0 come back */
  correction: boolean
  allowance: Id | null
  from: Time | null
  to: Time | null
  from_units: number
  to_units: number
  /** Wh or litres */
  units: number
  /** micro-yuan per kWh or m3 */
  price_uy: number
  /** units x price, in 1/1000 micro-yuan */
  exact: number
  /** as posted; what is below one fen is carried */
  amount_fen: number | null
  group: Id | null
}

export interface Charges {
  items: Charge[]
  /** there were more than are shown */
  more: boolean
}

export interface AccountBill {
  number: number
  from: Day
  to: Day
  due: Day
  amount_fen: number
  open_fen: number
  state: 'open' | 'overdue' | 'paid'
  made_at: Time | null
  reminded_at: Time | null
  paid_at: Time | null
}

export interface AccountBills {
  items: AccountBill[]
  standing: AccountStanding
}

export interface AccountBillLine {
  account: {
    id: Id
    code: string
  }
  customer: NamedCustomer
  bill: AccountBill
}

export interface MeterParents {
  meter: MeterNumber
  parent: MeterNumber | null
  since: Time | null
  history: {
    from: Time | null
    parent: MeterNumber | null
    by: string
  }[]
}

export type PhotoName = string

export interface Photo {
  name: PhotoName
  type: 'image/jpeg' | 'image/png' | 'image/webp'
  bytes: number
  created_at: string
}

export type TariffService = 'electricity' | 'water'

export interface TariffPrice {
  name?: string
  /** micro-yuan per kWh or m3 */
  price_uy: number
}

export interface TariffSlot {
  from: string
  rate: number
}

export interface TariffTable {
  /** a slot lasts until the next one of the day; before the first the last one holds */
  slots: TariffSlot[]
}

export interface TariffZone {
  month: number
  day: number
  table: number
}

export interface TariffHoliday {
  /** absent: every year */
  year?: number
  month: number
  day: number
  table: number
}

export interface TariffCalendar {
  /** day tables; the first is table 1 */
  tables?: TariffTable[]
  zones?: TariffZone[]
}

export interface TariffNextCalendar {
  /** Unix seconds */
  from: number
  /** day tables; the first is table 1 */
  tables?: TariffTable[]
  zones?: TariffZone[]
}

export interface TariffSettlement {
  month?: number
  day: number
  hour?: number
}

export interface TariffSteps {
  /** Wh or litres, ascending; the boundary belongs to the lower step */
  thresholds: number[]
  combine?: 'sum' | 'factor'
  /** sum: one more than thresholds */
  prices_uy?: number[]
  /** factor: one more than thresholds */
  factors_ppm?: number[]
  settle?: TariffSettlement[]
  unsettled?: 'free' | 'monthly'
}

/** the rules: docs/protocol/tariff.md */
export interface TariffPlan {
  rates: TariffPrice[]
  calendar?: TariffCalendar
  next_calendar?: TariffNextCalendar
  holidays?: TariffHoliday[]
  /** day table of the holidays in the property's calendar */
  holiday_table?: number
  steps?: TariffSteps
  /** sewage, water resource */
  lines?: TariffPrice[]
  /** a month */
  fee_fen?: number
  /** a month of the main line */
  minimum_fen?: number
}

export interface NewTariff {
  code: PlanCode
  name: string
  service: TariffService
  /** the tariff whose prices it follows */
  base?: Id | null
  /** micro-yuan that a derived tariff adds to each rate of its base */
  base_delta_uy?: number
}

export interface TariffEdit {
  name?: string
  /** micro-yuan that a derived tariff adds to each rate of its base */
  base_delta_uy?: number
  archived?: boolean
}

export interface Tariff {
  id: Id
  code: PlanCode
  name: string
  owner: 'group' | 'property'
  service: TariffService
  base: Id | null
  base_delta_uy: number
  archived: boolean
  created_at: Time | null
  version: number
}

export interface NewTariffVersion {
  plan: TariffPlan
  valid_from: Time
  /** what tenants are told */
  notice?: string
}

export interface TariffVersionEdit {
  plan?: TariffPlan
  valid_from?: Time
  /** what tenants are told */
  notice?: string
}

export interface TariffVersion {
  id: Id
  tariff: Id
  state: 'draft' | 'published' | 'withdrawn'
  valid_from: Time | null
  plan: TariffPlan
  notice: string
  base_version: Id | null
  published_at: Time | null
  by: string
  version: number
}

export interface NewTariffUse {
  /** null: these meters follow their property again */
  tariff: Id | null
  /** absent: the whole property, for the tariff's service */
  meters?: MeterNumber[]
  from: Time
  reason: ReasonText
}

export interface TariffAssignment {
  tariff: Id | null
  /** how many; 0: the whole property */
  meters: number
  from: Time | null
}

export interface TariffUse {
  service: TariffService | null
  meter: MeterNumber | null
  from: Time | null
  tariff: Id | null
  by: string
}

export interface TariffUsesAssign {
  /** null: these meters follow their property again */
  tariff: Id | null
  from: Time
  reason: ReasonText
  meters?: MeterNumber[]
  /** true: all meters of the property */
  all?: boolean
  /** in these buildings, floors or rooms */
  spaces?: Id[]
  use?: 'prepaid' | 'postpaid' | 'control-only' | 'main' | 'common'
}

export interface GroupTariffUse {
  tariff: Id
  from: Time
  reason: ReasonText
  /** these properties; absent: all that are not archived */
  only?: Slug[]
}

export interface GroupTariffAssignment {
  count: number
  refused: number
  items: {
    property: Slug
    /** a word; empty: it is done */
    error: string
    detail: string
  }[]
}

export interface Rating {
  meter: MeterNumber
  account: Id | null
  /** through this reading */
  billed_at: Time | null
  /** its register, Wh or litres */
  billed_units: number
  /** since the last settlement */
  step_used: number
  /** not posted yet, rounded up */
  accrued_fen: number
  /** why it stands still */
  fault: 'register-back' | 'register-jump' | 'register-bad' | 'no-tariff' | 'charge-overflow' | null
  fault_at: Time | null
  /** the register that was refused */
  fault_units: number
  version: number
}

export interface RatingResolution {
  how: 'accept' | 'baseline' | 'quantity' | 'discard'
  /** of `quantity`: Wh or litres */
  units?: number
  reason: ReasonText
}

export interface MeterCharge {
  day: Day
  account: Id | null
  /** 0 main, 1..3 further, 8 fee, 9 minimum */
  line: number
  tariff_version: Id | null
  rate: number
  /** from 1 */
  step: number
  /** divided by time inside a longer interval */
  estimated: boolean
  /** what late readings changed of a day that was posted: units and money below 0 come back */
  correction: boolean
  allowance: Id | null
  from: Time | null
  to: Time | null
  from_units: number
  to_units: number
  units: number
  /** micro-yuan a unit */
  price_uy: number
  /** null: not posted yet */
  amount_fen: number | null
  /** group of the ledger; null: none */
  posting: Id | null
}

export type PayChannel = 'cash' | 'transfer' | 'wechat' | 'alipay' | 'model'

export type OrderState = 'created' | 'paying' | 'paid' | 'delivering' | 'delivered' | 'expired' | 'closed' | 'mismatch' | 'delivery_failed' | 'refunding' | 'refunded' | 'refund_abnormal'

export type RefundKind = 'reversal' | 'credit' | 'payment' | 'suspense' | 'closing'

export type RefundState = 'decided' | 'paid' | 'failed'

export interface AccountName {
  id: Id
  code: string
}

export interface DeskAccount {
  id: Id
  code: string
  state: 'draft' | 'open' | 'suspended' | 'closing' | 'closed'
  customer: NamedCustomer
  rooms: string[]
  meters: MeterNumber[]
  /** now */
  balance_fen: number
}

export interface Desk {
  items: DeskAccount[]
}

export interface Quote {
  amount_fen: number
  /** of it: what is owed */
  arrears_fen: number
  /** debts that are recovered */
  debt_fen: number
  /** service fee */
  fee_fen: number
  /** becomes credit */
  credit_fen: number
  /** now; of a meter's own purse as it was read last */
  balance_fen: number
  /** then */
  after_fen: number
  /** least that may be paid */
  min_fen: number
  /** most that may be paid now */
  max_fen: number
  /** brings supply back that was cut for money */
  restores: boolean
  /** whose own purse the credit goes to */
  meter: MeterNumber | null
  refused: string | null
}

export interface NewOrder {
  account: Id
  amount_fen: number
  channel: 'cash' | 'transfer'
  /** number of the bank slip */
  voucher?: string
  meter?: MeterNumber
  note?: string
}

export interface OrderStage {
  state: OrderState
  at: Time
  by: string
  reason: string
}

export interface OrderDelivery {
  state: 'waiting' | 'queued' | 'asking' | 'done' | 'refused' | 'held' | 'dropped'
  /** purchase count that the meter has then; 0: it waits for the one before */
  count: number
  total_fen: number
  tries: number
  reason: string
  /** as the meter said last */
  meter_count: number | null
  meter_total_fen: number | null
  meter_balance_fen: number | null
  meter_read_at: Time | null
}

export interface Order {
  id: Id
  /** what people and providers see */
  number: string
  account: AccountName
  customer: NamedCustomer
  channel: PayChannel
  state: OrderState
  amount_fen: number
  arrears_fen: number
  debt_fen: number
  fee_fen: number
  credit_fen: number
  /** whose own purse */
  meter: MeterNumber | null
  /** what the payer was told about supply */
  restores: boolean
  shift: Id | null
  voucher: string
  receipt_no: number | null
  /** refund that reversed it */
  reversal: Id | null
  by: string
  created_at: Time | null
  expires_at: Time | null
  paid_at: Time | null
  delivered_at: Time | null
  version: number
  /** not in lists */
  stages?: OrderStage[]
  /** not in lists */
  delivery?: OrderDelivery | null
}

export interface ReceiptPart {
  part: 'arrears' | 'debt' | 'fee' | 'credit'
  amount_fen: number
}

export interface Receipt {
  /** without gaps in the property */
  receipt_no: number
  property: string
  order: string
  account: string
  customer: string
  rooms: string[]
  channel: PayChannel
  /** number of the bank slip, or empty */
  voucher: string
  amount_fen: number
  parts: ReceiptPart[]
  /** now */
  balance_fen: number
  paid_at: Time | null
  by: string
  reversed: boolean
}

export interface DeliveryAgain {
  reason: ReasonText
  /** what the meter says is right from now on */
  as_meter?: boolean
}

export interface NewRefund {
  account: Id
  amount_fen: number
  channel: 'cash' | 'transfer'
  /** name and account of who gets it */
  payee?: string
  reason: ReasonText
}

export interface Refund {
  id: Id
  kind: RefundKind
  state: RefundState
  account: AccountName | null
  order: Id | null
  suspense: Id | null
  approval: Id | null
  amount_fen: number
  channel: PayChannel
  payee: string
  reason: string
  by: string
  decided_at: Time | null
  paid_at: Time | null
  paid_by: string
  voucher: string
  /** why a provider could not */
  failure: string
  version: number
}

export interface RefundMade {
  item: Refund | null
  /** it waits for a second person */
  approval: Id | null
}

export interface RefundPaid {
  channel: 'cash' | 'transfer'
  /** number of the bank slip */
  voucher?: string
}

export interface Suspense {
  id: Id
  state: 'open' | 'credited' | 'returned'
  reason: 'unknown_order' | 'amount' | 'currency' | 'expired' | 'closed' | 'twice' | 'account'
  channel: PayChannel
  /** in the smallest unit of its currency */
  amount_fen: number
  currency: string
  /** the provider's */
  number: string
  /** as it came */
  order_number: string
  payer: string
  paid_at: Time | null
  since: Time | null
  age_s: number
  /** that it was credited by */
  order: Id | null
  /** that pays it back */
  refund: Id | null
  done_at: Time | null
  done_by: string
  done_why: string
  version: number
}

export interface SuspenseCredit {
  account: Id
  reason: ReasonText
}

export interface SuspenseReturn {
  channel: PayChannel
  /** name and account of who gets it */
  payee?: string
  reason: ReasonText
}

export interface NewShift {
  /** float out of the safe */
  opening_fen: number
}

export interface ShiftEnd {
  counted_fen: number
  handed_to?: string
  note?: string
}

export interface Shift {
  id: Id
  by: string
  opened_at: Time | null
  closed_at: Time | null
  opening_fen: number
  /** by the books; of an open one: now */
  expected_fen: number
  counted_fen: number | null
  difference_fen: number | null
  handed_to: string
  note: string
  own: boolean
  version: number
}

export interface NewBillLine {
  /** the provider's, once in a bill */
  number: string
  order_number?: string
  amount_fen: number
  paid_at: Time
  payer?: string
  refunded?: boolean
}

export interface NewBill {
  channel: 'transfer' | 'wechat' | 'alipay' | 'model'
  day: Day
  lines: NewBillLine[]
}

export interface Bill {
  id: Id
  channel: PayChannel
  day: Day | null
  lines: number
  differences: number
  /** differences that nobody has settled */
  open: number
  loaded_at: Time | null
  by: string
  closed_at: Time | null
  closed_by: string
  version: number
}

export interface Difference {
  id: Id
  bill: Id
  match: 'equal' | 'ours_only' | 'theirs_only' | 'amount_differs' | 'state_differs'
  number: string
  order_number: string
  /** 0: not in their bill */
  theirs_fen: number
  /** 0: not in our payments */
  ours_fen: number
  /** they paid it back */
  refunded: boolean
  paid_at: Time | null
  open: boolean
  owner: string
  done_at: Time | null
  done_by: string
  done_why: string
  version: number
}

export interface DifferenceOwner {
  owner: string
}

export type DebtKind = 'rent' | 'property_fee' | 'instalment' | 'other'

export interface NewDebt {
  account: Id
  kind: DebtKind
  amount_fen: number
  reason: ReasonText
}

export interface Debt {
  id: Id
  account: AccountName
  kind: DebtKind
  state: 'open' | 'done' | 'void'
  amount_fen: number
  recovered_fen: number
  reason: string
  by: string
  created_at: Time | null
  done_at: Time | null
  version: number
}

export interface NewAdjustment {
  account: Id
  /** below 0: takes */
  amount_fen: number
  /** posting that it corrects */
  refers?: number
  reason: ReasonText
}

export interface AdjustmentMade {
  /** its number in the ledger */
  posting: number | null
  balance_fen: number | null
  /** it waits for a second person */
  approval: Id | null
}

export interface PurseDifference {
  meter: MeterNumber
  /** that we know */
  count: number
  total_fen: number
  /** as the meter said */
  meter_count: number
  meter_total_fen: number
  meter_balance_fen: number
  read_at: Time | null
}

export interface Vending {
  /** least purchase */
  min_purchase_fen: number
  /** greatest purchase */
  max_purchase_fen: number
  /** service fee, millionths of what is left after arrears and debts */
  fee_ppm: number
  /** what of a purchase may go to debts at most, millionths */
  recover_ppm: number
  /** how long a provider's order waits */
  order_life_s: number
  /** above it a reversal wants a second person */
  reversal_alone_fen: number
  /** above it a refund wants a second person */
  refund_alone_fen: number
  /** above it an adjustment wants a second person */
  adjust_alone_fen: number
  fee_warning: {
    zh: string
    en: string
  }
  version: number
}

export interface VendingEdit {
  min_purchase_fen?: number
  max_purchase_fen?: number
  fee_ppm?: number
  recover_ppm?: number
  order_life_s?: number
  reversal_alone_fen?: number
  refund_alone_fen?: number
  adjust_alone_fen?: number
  fee_confirmed?: boolean
}

export interface NewAllowance {
  kind: 'energy' | 'money'
  service?: TariffService
  /** who pays for it: school, government ... */
  source: string
  /** given once, each day or each month */
  period: 'once' | 'day' | 'month'
  /** fen, Wh or litres a time */
  amount: number
  /** most in stock; 0: what was left lapses with its period */
  cap?: number
  from: Time
  /** null: no end; a time ends it, and what is left lapses */
  until?: Time | null
  reason: ReasonText
}

export interface AllowancesGive {
  kind: 'energy' | 'money'
  service?: TariffService
  /** who pays for it: school, government ... */
  source: string
  /** given once, each day or each month */
  period: 'once' | 'day' | 'month'
  /** fen, Wh or litres a time */
  amount: number
  /** most in stock; 0: what was left lapses with its period */
  cap?: number
  from: Time
  /** null: no end; a time ends it, and what is left lapses */
  until?: Time | null
  reason: ReasonText
  /** these */
  accounts?: Id[]
  /** true: all accounts with a meter that the caller may act on */
  all?: boolean
  space?: Id
  /** those with such a meter */
  use?: 'prepaid' | 'postpaid' | 'control-only' | 'main' | 'common'
}

export interface AllowancesClear {
  /** only of this one; absent: all */
  source?: string
  reason: ReasonText
  /** these */
  accounts?: Id[]
  /** true: all accounts with a meter that the caller may act on */
  all?: boolean
  space?: Id
  /** those with such a meter */
  use?: 'prepaid' | 'postpaid' | 'control-only' | 'main' | 'common'
}

export interface Allowance {
  id: Id
  account: {
    id: Id
    code: string
  }
  kind: 'energy' | 'money'
  service: TariffService | null
  source: string
  period: 'once' | 'day' | 'month'
  /** fen, Wh or litres a time */
  amount: number
  cap: number
  from: Time
  until: Time | null
  given: number
  used: number
  lapsed: number
  /** given = used + lapsed + left */
  left: number
  /** over or cleared */
  ended_at: Time | null
  by: string
  created_at: Time
  version: number
}

export interface AllowanceTotals {
  items: AllowanceTotal[]
}

export interface AllowanceTotal {
  source: string
  kind: 'energy' | 'money'
  service: TariffService | null
  allowances: number
  /** those that go on */
  open: number
  /** with one that goes on */
  accounts: number
  given: number
  used: number
  lapsed: number
  left: number
}

export interface RosterResult {
  roster: Roster | null
  /** it waits for a second person */
  approval: Id | null
  /** rows */
  count: number
}

export interface Roster {
  id: Id
  kind: 'allowance-give' | 'allowance-clear' | 'tariff-assign'
  /** what is done to each, as it was asked */
  act: unknown
  reason: string
  by: string
  created_at: Time
  approval: Id | null
  /** rows */
  count: number
  /** tried */
  done: number
  /** of these, not done */
  refused: number
  state: 'going' | 'done' | 'stopped'
  stopped_why: string
}

export interface RosterItem {
  position: number
  account: {
    id: Id
    code: string
  } | null
  meter: MeterNumber | null
  /** tried */
  done: boolean
  /** what was made: the allowance's id; at clearing how many ended */
  result: number
  /** why it was not done: a word; empty when it was */
  error: string
  /** and a sentence */
  detail: string
}

export interface SupplyMark {
  kind: 'none' | 'fire-main' | 'medical' | 'cold-chain' | 'other'
  reason: string
  by: string
  at: Time | null
  version: number
}

export interface SupplyMarkEdit {
  kind: 'none' | 'fire-main' | 'medical' | 'cold-chain' | 'other'
  /** for the audit */
  reason: string
}

export interface Supply {
  meter: MeterNumber
  name: string
  /** of its room; empty: it hangs nowhere */
  path: string
  service: 'electricity' | 'water'
  account: {
    id: Id
    code: string
  }
  customer: {
    id: Id
    name: string
  }
  state: 'not-opened' | 'suspended' | 'open' | 'alarm-1' | 'alarm-2' | 'overdraft' | 'grace' | 'cut' | 'keep-power' | 'forced-trip' | 'lost'
  /** by money alone */
  balance_state: 'good' | 'alarm-1' | 'alarm-2' | 'overdraft' | 'grace' | 'cut'
  since: Time | null
  available_fen: number
  /** 99990: nothing was used; 0: nothing is left */
  days_left_tenths: number
  cut_at: Time | null
  /** a cut would be due, and is not made: old data, a mark, or keep-power */
  waits: boolean
  reading_at: Time | null
  /** Wh or litres, billed through it */
  reading: number
  mode: 'prepaid' | 'keep-power' | 'forced-trip'
  mode_until: Time | null
  mode_by: string
  mark: SupplyMark
  /** by the platform, for money */
  opened: boolean
  want: 'remind' | 'allow-close' | 'open' | 'close' | null
  want_since: Time | null
  want_reason: string
  held: Id | null
  command: Id | null
}

export interface SupplyAct {
  id: Id
  meter: MeterNumber
  account: Id | null
  kind: 'remind' | 'allow-close' | 'open' | 'close'
  reason: 'balance' | 'bill' | 'alarm-2' | 'money' | 'spared' | 'person' | 'recall'
  at: Time
  balance_state: 'good' | 'alarm-1' | 'alarm-2' | 'overdraft' | 'grace' | 'cut'
  available_fen: number
  /** Wh or litres */
  reading: number
  reading_at: Time | null
  reading_age_s: number | null
  tariff_version: Id | null
  alarm1_fen: number
  alarm2_fen: number
  overdraft_fen: number
  allow_close_fen: number
  cut_notice_s: number
  announced_at: Time | null
  command: Id | null
  outcome: 'given' | 'done' | 'failed' | 'recalled'
  outcome_at: Time | null
}

export interface SupplyRule {
  value: number
  source: 'builtin' | 'property'
}

export interface SupplyRules {
  guard_count: SupplyRule
  guard_percent: SupplyRule
  guard_window_s: SupplyRule
  restore_by_button: SupplyRule
  fresh_electricity_s: SupplyRule
  fresh_water_s: SupplyRule
  spread_s: SupplyRule
  quiet_from_min: SupplyRule
  quiet_to_min: SupplyRule
  held_s: SupplyRule
  power_max_w: SupplyRule
  flow_max_l_per_h: SupplyRule
  stopped_since: Time | null
  stopped_by: string
  stopped_reason: string
  version: number
}

export interface SupplyRulesEdit {
  /** openings in the window, at most */
  guard_count?: number | null
  /** and at most this share of the property's meters, where that is more than ten */
  guard_percent?: number | null
  /** the window */
  guard_window_s?: number | null
  /** 1: the tenant closes himself by the button of the meter */
  restore_by_button?: number | null
  /** an older reading cuts nobody */
  fresh_electricity_s?: number | null
  /** the same for water */
  fresh_water_s?: number | null
  /** restoring many is spread over so long */
  spread_s?: number | null
  /** minute of the day at which messages begin to wait; equal to the end: never */
  quiet_from_min?: number | null
  /** minute at which they go on */
  quiet_to_min?: number | null
  /** an order that waits for a second person is dropped after so long */
  held_s?: number | null
  /** no circuit carries more; a register that says so waits for a person */
  power_max_w?: number | null
  /** no pipe carries more; a register that says so waits for a person */
  flow_max_l_per_h?: number | null
}

export interface SupplyIncident {
  stop: boolean
  /** for the audit */
  reason: string
}

export interface SupplyIncidentResult {
  rules: SupplyRules
  /** openings that were under way */
  recalled: number
}

export interface SupplyRestore {
  since: string
  /** for the audit */
  reason: string
}

export interface SupplyRestoreResult {
  meters: number
}

export interface HeldOpening {
  id: Id
  meter: MeterNumber
  path: 'automatic' | 'batch' | 'single'
  batch: Id | null
  by: string
  reason: string
  at: Time
  /** a person's order is dropped then; what the platform itself wants waits as long as its reason holds */
  expires_at: Time | null
  state: 'waiting' | 'released' | 'dropped'
  ended_at: Time | null
  ended_why: string
  command: Id | null
  approval: Id | null
}

export interface HeldRelease {
  /** for the audit */
  reason: string
  /** these, ascending; absent: all that wait */
  held?: Id[]
}

export interface HeldReleaseResult {
  approval: Id
  count: number
}

export interface HeldDrop {
  /** for the audit */
  reason: string
}

export interface RoomMap {
  at: Time
  places: RoomMapPlace[]
  rooms: RoomMapRoom[]
}

export interface RoomMapPlace {
  id: Id
  parent: Id | null
  kind: 'building' | 'floor'
  code: string
  name: string
}

export interface RoomMapRoom {
  /** null: a meter that hangs in no room */
  id: Id | null
  /** floor or building; null: nowhere */
  place: Id | null
  code: string
  name: string
  state: 'not-opened' | 'suspended' | 'open' | 'alarm-1' | 'alarm-2' | 'overdraft' | 'grace' | 'cut' | 'keep-power' | 'forced-trip' | 'lost'
  /** of the account's balance state */
  since: Time | null
  /** grace: when it is cut */
  cut_at: Time | null
  /** money never cuts it */
  marked: boolean
  account: Id | null
  customer: string
  meters: RoomMapMeter[]
}

export interface RoomMapMeter {
  meter: MeterNumber
  state: 'not-opened' | 'suspended' | 'open' | 'alarm-1' | 'alarm-2' | 'overdraft' | 'grace' | 'cut' | 'keep-power' | 'forced-trip' | 'lost'
}

export interface ChargingAnew {
  reason: ReasonText
}

export type ChargingWhy = 'no-use' | 'model' | 'several-meters' | 'account-kind' | 'grace' | 'reminder-trip' | 'friendly-hours' | 'never-cut' | 'openings-stopped' | 'no-tariff' | 'fee' | 'minimum' | 'calendar' | 'range' | 'size' | 'refused' | 'purse' | 'reading'

/** fingerprints, 8 hex digits; null: none */
export interface ChargingVersions {
  price: string | null
  /** waits for its time */
  next: string | null
  /** odd: the meter charges itself */
  limits: string | null
}

/** what was spent of the purse */
export interface ChargingSums {
  /** by the meter, as it said last */
  meter_fen: number
  /** by our books, at the first charge behind that */
  ours_fen: number
  ours_at: Time
  /** what the meter charged beyond what lies between our charges before and behind; below 0: less */
  differs_fen: number
  /** so far rounding and division in time explain it */
  bound_fen: number
  beyond: boolean
}

export interface MeterCharging {
  meter: MeterNumber
  account: Id | null
  /** who decides about supply now */
  by: 'meter' | 'platform'
  /** the meter may not; null: it may, and does as soon as it has all */
  why: ChargingWhy | null
  /** of the price that comes */
  next_why: ChargingWhy | null
  /** why the meter did not take it */
  refused: string | null
  /** it opened its supply by its own balance, as it said last */
  cut: boolean
  wanted: ChargingVersions
  /** that the price is of */
  tariff_version: Id | null
  next_tariff_version: Id | null
  next_from: Time | null
  /** null: the meter has said nothing */
  read: ChargingVersions | null
  read_at: Time | null
  /** as the meter said last */
  balance_fen: number | null
  /** null: not compared yet */
  sums: ChargingSums | null
  version: number
}

export interface Message {
  id: Id
  kind: MessageKind
  account: Id | null
  customer: Id | null
  lang: string
  channel: string
  /** masked; empty: he has none */
  phone: string
  text: string
  cause: string
  state: 'queued' | 'sent' | 'failed'
  at: Time
  not_before: Time | null
  sent_at: Time | null
  tries: number
  provider: string
  provider_id: string
  error: string
  resend_of: Id | null
  by: string
}

export interface MessageResend {
  /** for the audit */
  reason: string
}

export interface MessageResent {
  id: Id
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface UserList {
  items: User[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface ApprovalList {
  items: Approval[]
  next: string | null
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
export interface CommandBatchList {
  items: CommandBatch[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface CommandBatchItemList {
  items: CommandBatchItem[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface AuditLineList {
  items: AuditLine[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface AlarmList {
  items: Alarm[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface GroupList {
  items: Group[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface PropertyList {
  items: Property[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface SpaceList {
  items: Space[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface MeterPlaceList {
  items: MeterPlace[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface CustomerList {
  items: Customer[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface LeaseList {
  items: Lease[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface ReminderList {
  items: Reminder[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface CalendarHeadList {
  items: CalendarHead[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface AlarmPlanList {
  items: AlarmPlan[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface TemplateList {
  items: Template[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface RetentionRunList {
  items: RetentionRun[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface ImportList {
  items: Import[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface ImportMistakeList {
  items: ImportMistake[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface TakeoverList {
  items: Takeover[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface TakeoverRowList {
  items: TakeoverRow[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface ApiKeyList {
  items: ApiKey[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface WebhookList {
  items: Webhook[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface DeliveryList {
  items: Delivery[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface AccountLineList {
  items: AccountLine[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface StatementLineList {
  items: StatementLine[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface AccountBillLineList {
  items: AccountBillLine[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface TariffList {
  items: Tariff[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface TariffVersionList {
  items: TariffVersion[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface TariffUseList {
  items: TariffUse[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface RatingList {
  items: Rating[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface MeterChargeList {
  items: MeterCharge[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface OrderList {
  items: Order[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface RefundList {
  items: Refund[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface SuspenseList {
  items: Suspense[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface ShiftList {
  items: Shift[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface BillList {
  items: Bill[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface DifferenceList {
  items: Difference[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface DebtList {
  items: Debt[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface PurseDifferenceList {
  items: PurseDifference[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface AllowanceList {
  items: Allowance[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface RosterList {
  items: Roster[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface RosterItemList {
  items: RosterItem[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface SupplyList {
  items: Supply[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface SupplyActList {
  items: SupplyAct[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface HeldOpeningList {
  items: HeldOpening[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface MeterChargingList {
  items: MeterCharging[]
  next: string | null
}

/** A page; `next` is the cursor of the next one, null on the last */
export interface MessageList {
  items: Message[]
  next: string | null
}

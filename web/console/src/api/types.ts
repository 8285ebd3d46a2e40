// The console's names for the shapes of docs/api/openapi.json; schema.ts is made from it (`npm run
// api`). Numbers are integers in the unit that their name ends with; times are RFC 3339 in UTC.
import type * as Shapes from './schema'

export type Session = Shapes.Session
export type MeterState = Shapes.State
export type MeterValues = Shapes.Live
export type Meter = Shapes.Meter
export type MeterPage = Shapes.MeterList
export type Reading = Shapes.Point
export type Readings = Shapes.Readings
export type Gap = Readings['gaps'][number]
export type LoggedEvent = Shapes.Event
export type Command = Shapes.Command
export type CommandKind = Shapes.NewCommand['kind']
export type CommandStage = Command['stage']
export type StageMark = Shapes.Stage
export type Device = Shapes.Device
export type Adoption = Shapes.Adopt
export type Imported = Shapes.Imported
export type Group = Shapes.Group
export type Property = Shapes.Property
export type PropertyPage = Shapes.PropertyList
export type Space = Shapes.Space
export type SpaceKind = Shapes.SpaceKind
export type SpacePage = Shapes.SpaceList
export type SpaceEdit = Shapes.SpaceEdit
export type GroupPage = Shapes.GroupList
export type GroupEdit = Shapes.GroupEdit
export type PropertyEdit = Shapes.PropertyEdit
export type NewProperty = Shapes.NewProperty
export type Customer = Shapes.Customer
export type CustomerPage = Shapes.CustomerList
export type CustomerEdit = Shapes.CustomerEdit
export type CustomerKind = Shapes.CustomerKind
export type CustomerNumbers = Shapes.CustomerNumbers
export type NewCustomer = Shapes.NewCustomer
export type Phone = Shapes.Phone
export type PhoneEdit = Shapes.PhoneEdit
export type Lease = Shapes.Lease
export type LeasePage = Shapes.LeaseList
export type LeaseEdit = Shapes.LeaseEdit
export type LeaseState = Shapes.LeaseState
export type LeasedSpace = Shapes.LeasedSpace
export type NewLease = Shapes.NewLease
export type Reminder = Shapes.Reminder
export type ReminderPage = Shapes.ReminderList
export type Erasure = Shapes.Erasure
export type PersonDocument = Shapes.PersonDocument
export type Calendar = Shapes.Calendar
export type CalendarEdit = Shapes.CalendarEdit
export type CalendarHead = Shapes.CalendarHead
export type CalendarHeadPage = Shapes.CalendarHeadList
export type CalendarDay = Shapes.CalendarDay
export type CalendarState = Shapes.CalendarState
export type FriendlyWindow = Shapes.FriendlyWindow
export type Source = Shapes.Source
export type AlarmPlan = Shapes.AlarmPlan
export type AlarmPlanEdit = Shapes.AlarmPlanEdit
export type AlarmPlanPage = Shapes.AlarmPlanList
export type Template = Shapes.Template
export type TemplatePage = Shapes.TemplateList
export type TemplatePreview = Shapes.TemplatePreview
export type Retention = Shapes.Retention
export type RetentionEdit = Shapes.RetentionEdit
export type RetentionRunPage = Shapes.RetentionRunList
export type Privacy = Shapes.Privacy
export type SheetName = Shapes.SheetName
export type SheetKind = Shapes.SheetKind
export type Import = Shapes.Import
export type ImportPage = Shapes.ImportList
export type ImportMistakePage = Shapes.ImportMistakeList
export type NewImport = Shapes.NewImport
export type Takeover = Shapes.Takeover
export type TakeoverPage = Shapes.TakeoverList
export type TakeoverRowPage = Shapes.TakeoverRowList

/** One item of a `live` event of the stream. */
export type LiveItem = MeterValues & Pick<Meter, 'meter' | 'quality'> & { state: MeterState }

/** What a gateway publishes about itself (docs/protocol/uplink.md); an offline one says less. */
export interface GatewayState {
  online: boolean
  since: number
  version: string
  config: number
  spool: {
    queued: number
    oldest_s: number
    bytes: number
    damaged: number
    refused: number
    full: boolean
    waiting_bytes: number
  }
  bus: {
    kind: string
    up: boolean
    load_permille: number
    overload: boolean
    errors: number
    dropped: number
    terminals: number
  }
  link: { connected_since: number; reconnects: number; last_reason: string }
  clock: { offset_ms: number; wall_offset_ms: number; confirmed: boolean; steps: number }
  last_stop: string
  dropped: number
  bad_messages: number
  retained_ignored: number
}

export type Account = Shapes.Account
export type AccountLine = Shapes.AccountLine
export type NewAccount = Shapes.NewAccount
export type AccountOpened = Shapes.AccountOpened
export type AccountClosed = Shapes.AccountClosed
export type AccountChanged = Shapes.AccountChanged
export type AccountSwapped = Shapes.AccountSwapped
export type AccountBills = Shapes.AccountBills
export type StatementLine = Shapes.StatementLine
export type Charge = Shapes.Charge
export type Charges = Shapes.Charges
export type GatewayList = { items: Gateway[]; next: string | null }
export type Gateway = Omit<Shapes.Gateway, 'state'> & { state: Partial<GatewayState> | null }

/** An error answer of the server (RFC 9457); one that it did not write itself has less. */
export type Problem = Pick<Shapes.Problem, 'title' | 'status'> & Partial<Shapes.Problem>

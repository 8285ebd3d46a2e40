import type { Ref } from 'vue'
import type { RouteRecordRaw } from 'vue-router'
import accounts from './features/accounts/module'
import alarms from './features/alarms/module'
import allowances from './features/allowances/module'
import approvals from './features/approvals/module'
import audit from './features/audit/module'
import control from './features/control/module'
import devices from './features/devices/module'
import events from './features/events/module'
import gateways from './features/gateways/module'
import keys from './features/keys/module'
import messages from './features/messages/module'
import meters from './features/meters/module'
import { bills, debts, reconcile, shifts } from './features/money/module'
import organisation from './features/organisation/module'
import overview from './features/overview/module'
import account from './features/people/account/module'
import roles from './features/people/roles/module'
import users from './features/people/users/module'
import rooms from './features/rooms/module'
import settings from './features/settings/module'
import sheets from './features/sheets/module'
import spaces from './features/spaces/module'
import supply from './features/supply/module'
import tariffs from './features/tariffs/module'
import tasks from './features/tasks/module'
import takeovers from './features/takeovers/module'
import { customers, leases } from './features/tenants/module'
import { orders, refunds, suspense, vending } from './features/vending/module'
import webhooks from './features/webhooks/module'

/** The headings of the menu, in their order; `menu.group_…` names them. */
export const MENU_GROUPS = ['operate', 'money', 'organisation', 'people', 'control', 'integration'] as const

export interface MenuItem {
  group: (typeof MENU_GROUPS)[number]
  /** A key of the common texts: the menu is there before a feature's own texts are. */
  title: string
  icon: string
  path: string
  /** How many things wait there; called once in the menu's setup. */
  waiting?: () => Ref<number>
}

/** What a feature folder adds to the console: its routes, its place in the menu, who may see it. */
export interface FeatureModule {
  routes: RouteRecordRaw[]
  /**
   * A word of GET /permissions, held anywhere. `login`: whoever is signed in; `own`: also who must
   * first change the password or enrol a second factor.
   */
  permission: string
  /** Folders whose locales/ its pages need: its own, and those of features that it shows parts of. */
  texts?: string[]
  menu?: MenuItem
}

/** In the order of the menu within its groups. */
export const modules: FeatureModule[] = [
  overview,
  tasks,
  alarms,
  meters,
  rooms,
  accounts,
  supply,
  control,
  messages,
  devices,
  gateways,
  events,
  vending,
  orders,
  refunds,
  bills,
  debts,
  allowances,
  suspense,
  reconcile,
  shifts,
  tariffs,
  organisation,
  spaces,
  customers,
  leases,
  settings,
  sheets,
  takeovers,
  users,
  roles,
  account,
  approvals,
  audit,
  keys,
  webhooks,
]

import type { Ref } from 'vue'
import type { RouteRecordRaw } from 'vue-router'
import devices from './features/devices/module'
import gateways from './features/gateways/module'
import meters from './features/meters/module'
import spaces from './features/spaces/module'
import { customers, leases } from './features/tenants/module'

/** The headings of the menu, in their order; `menu.group_…` names them. */
export const MENU_GROUPS = ['operate', 'organisation', 'people', 'control', 'integration'] as const

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
  /** A word of GET /permissions, held anywhere; `login`: whoever is signed in. */
  permission: string
  /** Its folder, when it has texts of its own in locales/. */
  texts?: string
  menu?: MenuItem
}

/** In the order of the menu within its groups. */
export const modules: FeatureModule[] = [meters, devices, gateways, spaces, customers, leases]

import type { Ref } from 'vue'
import type { RouteRecordRaw } from 'vue-router'
import devices from './features/devices/module'
import gateways from './features/gateways/module'
import meters from './features/meters/module'

export interface MenuItem {
  title: string
  icon: string
  path: string
  /** How many things wait there; called once in the menu's setup. */
  waiting?: () => Ref<number>
}

/** What a feature folder adds to the console: its routes, its place in the menu, who may see it. */
export interface FeatureModule {
  routes: RouteRecordRaw[]
  permission: string
  menu?: MenuItem
}

/** In the order of the menu. */
export const modules: FeatureModule[] = [meters, devices, gateways]

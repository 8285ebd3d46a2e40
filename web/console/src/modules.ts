import type { RouteRecordRaw } from 'vue-router'
import devices from './features/devices/module'
import gateways from './features/gateways/module'
import meters from './features/meters/module'

/** What a feature folder adds to the console: its routes, its place in the menu, who may see it. */
export interface FeatureModule {
  routes: RouteRecordRaw[]
  permission: string
  menu?: { title: string; icon: string; path: string }
}

/** In the order of the menu. */
export const modules: FeatureModule[] = [meters, devices, gateways]

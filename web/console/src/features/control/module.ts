import type { FeatureModule } from '@/modules'
import { propertyRoutes } from '@/property-routes'

export default {
  permission: 'property.read',
  texts: ['control', 'supply'],
  menu: { group: 'operate', title: 'menu.control', icon: 'control', path: '/control' },
  routes: propertyRoutes('control', [
    { path: '', name: 'control', component: () => import('./Page.vue'), title: 'menu.control' },
    { path: ':batch(\\d+)', name: 'batch', component: () => import('./BatchPage.vue'), title: 'menu.control' },
  ]),
} satisfies FeatureModule

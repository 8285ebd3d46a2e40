import type { FeatureModule } from '@/modules'
import { propertyRoutes } from '@/property-routes'

export default {
  permission: 'account.read',
  texts: ['allowances'],
  menu: { group: 'money', title: 'menu.allowances', icon: 'gift', path: '/allowances' },
  routes: propertyRoutes('allowances', [
    { path: '', name: 'allowances', component: () => import('./Page.vue'), title: 'menu.allowances' },
    { path: 'batch/:roster(\\d{1,18})', name: 'roster', component: () => import('./RosterPage.vue'), title: 'menu.allowances' },
  ]),
} satisfies FeatureModule

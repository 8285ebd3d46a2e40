import type { FeatureModule } from '@/modules'
import { propertyRoutes } from '@/property-routes'

const sheets: FeatureModule = {
  permission: 'sheet.export',
  texts: ['sheets'],
  menu: { group: 'organisation', title: 'menu.sheets', icon: 'sheet', path: '/sheets' },
  routes: propertyRoutes('sheets', [
    { path: '', name: 'sheets', component: () => import('./Page.vue'), title: 'menu.sheets' },
    { path: ':sheet(\\d+)', name: 'sheet', component: () => import('./detail/Page.vue'), title: 'menu.sheets' },
  ]),
}

export default sheets

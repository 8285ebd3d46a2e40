import type { FeatureModule } from '@/modules'
import { propertyRoutes } from '@/property-routes'

const supply: FeatureModule = {
  permission: 'account.read',
  texts: ['supply'],
  menu: { group: 'operate', title: 'menu.supply', icon: 'supply', path: '/supply' },
  routes: propertyRoutes('supply', [{ path: '', name: 'supply', component: () => import('./Page.vue'), title: 'menu.supply' }]),
}

export default supply

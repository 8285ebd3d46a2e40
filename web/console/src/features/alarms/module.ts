import type { FeatureModule } from '@/modules'
import { propertyRoutes } from '@/property-routes'

const alarms: FeatureModule = {
  permission: 'property.read',
  texts: ['alarms'],
  menu: { group: 'operate', title: 'menu.alarms', icon: 'warn', path: '/alarms' },
  routes: propertyRoutes('alarms', [{ path: '', name: 'alarms', component: () => import('./Page.vue'), title: 'menu.alarms' }]),
}

export default alarms

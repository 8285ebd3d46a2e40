import type { FeatureModule } from '@/modules'
import { propertyRoutes } from '@/property-routes'

const events: FeatureModule = {
  permission: 'property.read',
  texts: ['events'],
  menu: { group: 'operate', title: 'menu.events', icon: 'list', path: '/events' },
  routes: propertyRoutes('events', [{ path: '', name: 'events', component: () => import('./Page.vue'), title: 'menu.events' }]),
}

export default events

import type { FeatureModule } from '@/modules'
import { propertyRoutes } from '@/property-routes'

const spaces: FeatureModule = {
  permission: 'property.read',
  texts: ['spaces'],
  menu: { group: 'organisation', title: 'menu.spaces', icon: 'building', path: '/spaces' },
  routes: propertyRoutes('spaces', [{ path: '', name: 'spaces', component: () => import('./Page.vue'), title: 'menu.spaces' }]),
}

export default spaces

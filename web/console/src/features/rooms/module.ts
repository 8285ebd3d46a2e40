import type { FeatureModule } from '@/modules'
import { propertyRoutes } from '@/property-routes'

export default {
  permission: 'property.read',
  texts: ['rooms'],
  menu: { group: 'operate', title: 'menu.map', icon: 'map', path: '/rooms' },
  routes: propertyRoutes('rooms', [{ path: '', name: 'room-map', component: () => import('./Page.vue'), title: 'menu.map' }]),
} satisfies FeatureModule

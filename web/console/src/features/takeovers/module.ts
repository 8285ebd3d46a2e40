import type { FeatureModule } from '@/modules'
import { propertyRoutes } from '@/property-routes'

const takeovers: FeatureModule = {
  permission: 'customer.read',
  texts: ['takeovers'],
  menu: { group: 'organisation', title: 'menu.takeovers', icon: 'takeover', path: '/takeovers' },
  routes: propertyRoutes('takeovers', [
    { path: '', name: 'takeovers', component: () => import('./Page.vue'), title: 'menu.takeovers' },
    { path: ':takeover(\\d+)', name: 'takeover', component: () => import('./detail/Page.vue'), title: 'menu.takeovers' },
  ]),
}

export default takeovers

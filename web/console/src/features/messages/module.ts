import type { FeatureModule } from '@/modules'
import { propertyRoutes } from '@/property-routes'

const messages: FeatureModule = {
  permission: 'account.read',
  texts: ['messages'],
  menu: { group: 'operate', title: 'menu.messages', icon: 'messages', path: '/tenant-messages' },
  routes: propertyRoutes('tenant-messages', [{ path: '', name: 'tenant-messages', component: () => import('./Page.vue'), title: 'menu.messages' }]),
}

export default messages

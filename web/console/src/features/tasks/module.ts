import type { FeatureModule } from '@/modules'
import { propertyRoutes } from '@/property-routes'

const tasks: FeatureModule = {
  permission: 'property.read',
  texts: ['tasks'],
  menu: { group: 'operate', title: 'menu.tasks', icon: 'check', path: '/tasks' },
  routes: propertyRoutes('tasks', [{ path: '', name: 'tasks', component: () => import('./Page.vue'), title: 'menu.tasks' }]),
}

export default tasks

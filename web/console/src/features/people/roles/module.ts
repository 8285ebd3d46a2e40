import type { FeatureModule } from '@/modules'

const roles: FeatureModule = {
  permission: 'user.read',
  texts: ['people'],
  menu: { group: 'people', title: 'menu.roles', icon: 'roles', path: '/roles' },
  routes: [{ path: 'roles', name: 'roles', component: () => import('./Page.vue'), meta: { title: 'menu.roles' } }],
}

export default roles

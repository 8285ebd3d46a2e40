import type { FeatureModule } from '@/modules'

const users: FeatureModule = {
  permission: 'user.read',
  texts: ['people'],
  menu: { group: 'people', title: 'menu.users', icon: 'staff', path: '/users' },
  routes: [
    { path: 'users', name: 'users', component: () => import('./Page.vue'), meta: { title: 'menu.users' } },
    { path: 'users/:user(\\d{1,18})', name: 'user', component: () => import('./UserPage.vue'), props: true, meta: { title: 'menu.users' } },
  ],
}

export default users

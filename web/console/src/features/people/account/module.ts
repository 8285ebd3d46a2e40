import type { FeatureModule } from '@/modules'

const account: FeatureModule = {
  permission: 'own',
  texts: ['people'],
  menu: { group: 'people', title: 'menu.account', icon: 'account', path: '/account' },
  routes: [{ path: 'account', name: 'account', component: () => import('./Page.vue'), meta: { title: 'menu.account' } }],
}

export default account

import type { FeatureModule } from '@/modules'

const keys: FeatureModule = {
  permission: 'key.write',
  texts: ['keys'],
  menu: { group: 'integration', title: 'menu.keys', icon: 'keys', path: '/keys' },
  routes: [{ path: 'keys', name: 'keys', component: () => import('./Page.vue'), meta: { title: 'menu.keys' } }],
}

export default keys

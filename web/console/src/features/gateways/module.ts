import type { FeatureModule } from '@/modules'

const gateways: FeatureModule = {
  permission: 'property.read',
  menu: { group: 'operate', title: 'gateways.title', icon: 'gateways', path: '/gateways' },
  routes: [
    { path: 'gateways', name: 'gateways', component: () => import('./Page.vue'), meta: { title: 'gateways.title' } },
  ],
}

export default gateways

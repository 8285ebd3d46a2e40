import type { FeatureModule } from '@/modules'

const meters: FeatureModule = {
  permission: 'property.read',
  menu: { group: 'operate', title: 'meters.title', icon: 'meters', path: '/meters' },
  routes: [
    { path: 'meters', name: 'meters', component: () => import('./Page.vue'), meta: { title: 'meters.title' } },
    {
      path: 'meters/:meter(\\d{1,12})',
      name: 'meter',
      component: () => import('./detail/Page.vue'),
      props: true,
      meta: { title: 'meter.title', texts: ['meters', 'accounts', 'vending'] },
    },
  ],
}

export default meters

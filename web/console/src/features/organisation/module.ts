import type { FeatureModule } from '@/modules'

const organisation: FeatureModule = {
  permission: 'property.read',
  texts: ['organisation'],
  menu: { group: 'organisation', title: 'menu.organisation', icon: 'property', path: '/organisation' },
  routes: [
    { path: 'organisation', name: 'organisation', component: () => import('./Page.vue'), meta: { title: 'menu.organisation' } },
  ],
}

export default organisation

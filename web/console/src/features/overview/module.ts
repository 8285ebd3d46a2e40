import type { FeatureModule } from '@/modules'

const overview: FeatureModule = {
  permission: 'property.read',
  texts: ['overview'],
  menu: { group: 'operate', title: 'menu.overview', icon: 'overview', path: '/overview' },
  routes: [
    { path: 'overview', name: 'overview', component: () => import('./Page.vue'), meta: { title: 'menu.overview', all: '/overview', base: 'overview' } },
    {
      path: 'overview/:property',
      name: 'overview-of',
      component: () => import('./Page.vue'),
      props: true,
      meta: { title: 'menu.overview', all: '/overview', base: 'overview' },
    },
  ],
}

export default overview

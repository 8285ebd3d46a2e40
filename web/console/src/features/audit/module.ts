import type { FeatureModule } from '@/modules'

const audit: FeatureModule = {
  permission: 'audit.read',
  texts: ['audit'],
  menu: { group: 'control', title: 'menu.audit', icon: 'audit', path: '/audit' },
  routes: [{ path: 'audit', name: 'audit', component: () => import('./Page.vue'), meta: { title: 'menu.audit' } }],
}

export default audit

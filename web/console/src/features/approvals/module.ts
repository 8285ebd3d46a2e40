import { useWaiting } from './composables/use-waiting'
import type { FeatureModule } from '@/modules'

const approvals: FeatureModule = {
  permission: 'login',
  texts: ['approvals', 'people'],
  menu: { group: 'control', title: 'menu.approvals', icon: 'approvals', path: '/approvals', waiting: useWaiting },
  routes: [
    { path: 'approvals', name: 'approvals', component: () => import('./Page.vue'), meta: { title: 'menu.approvals' } },
    { path: 'approvals/:approval(\\d{1,18})', name: 'approval', component: () => import('./ApprovalPage.vue'), props: true, meta: { title: 'menu.approvals' } },
  ],
}

export default approvals

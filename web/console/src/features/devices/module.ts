import { useWaiting } from './composables/use-waiting'
import type { FeatureModule } from '@/modules'

const devices: FeatureModule = {
  permission: 'devices.adopt',
  menu: { title: 'devices.title', icon: 'devices', path: '/devices', waiting: useWaiting },
  routes: [
    { path: 'devices', name: 'devices', component: () => import('./Page.vue'), meta: { title: 'devices.title' } },
  ],
}

export default devices

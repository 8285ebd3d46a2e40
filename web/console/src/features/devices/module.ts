import { useWaiting } from './composables/use-waiting'
import type { FeatureModule } from '@/modules'

const devices: FeatureModule = {
  permission: 'device.adopt',
  texts: ['devices'],
  menu: { group: 'operate', title: 'devices.title', icon: 'devices', path: '/devices', waiting: useWaiting },
  routes: [
    { path: 'devices', name: 'devices', component: () => import('./Page.vue'), meta: { title: 'devices.title' } },
  ],
}

export default devices

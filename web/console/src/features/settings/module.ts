import type { FeatureModule } from '@/modules'
import { propertyRoutes } from '@/property-routes'

/** Rules of a property, and those of a group that hold where a property says nothing else. */
const settings: FeatureModule = {
  permission: 'property.read',
  texts: ['settings'],
  menu: { group: 'organisation', title: 'menu.settings', icon: 'rules', path: '/settings' },
  routes: [
    ...propertyRoutes('settings', [
      { path: '', name: 'settings', component: () => import('./pages/GeneralPage.vue'), title: 'menu.settings' },
      { path: 'calendars', name: 'calendars', component: () => import('./pages/CalendarsPage.vue'), title: 'menu.settings' },
      { path: 'alarm-plans', name: 'alarm-plans', component: () => import('./pages/AlarmPlansPage.vue'), title: 'menu.settings' },
      { path: 'messages', name: 'messages', component: () => import('./pages/MessagesPage.vue'), title: 'menu.settings' },
      { path: 'selling', name: 'selling', component: () => import('./pages/SellingPage.vue'), title: 'menu.settings' },
      { path: 'retention', name: 'retention', component: () => import('./pages/RetentionPage.vue'), title: 'menu.settings' },
    ]),
    ...(['calendars', 'alarm-plans', 'messages', 'privacy'] as const).map((page) => ({
      path: `organisation/:group(\\d+)/${page}`,
      name: `group-${page}`,
      component: {
        calendars: () => import('./pages/CalendarsPage.vue'),
        'alarm-plans': () => import('./pages/AlarmPlansPage.vue'),
        messages: () => import('./pages/MessagesPage.vue'),
        privacy: () => import('./pages/PrivacyPage.vue'),
      }[page],
      props: true,
      meta: { title: 'menu.organisation' },
    })),
  ],
}

export default settings

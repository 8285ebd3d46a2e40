import type { FeatureModule } from '@/modules'
import { propertyRoutes } from '@/property-routes'

export default {
  permission: 'account.read',
  texts: ['accounts', 'tenants', 'vending', 'allowances'],
  menu: { group: 'operate', title: 'menu.accounts', icon: 'wallet', path: '/accounts' },
  routes: propertyRoutes('accounts', [
    { path: '', name: 'accounts', component: () => import('./Page.vue'), title: 'menu.accounts' },
    { path: 'new', name: 'account-new', component: () => import('./OpenPage.vue'), title: 'menu.accounts' },
    { path: ':account(\\d+)', name: 'account-of', component: () => import('./DetailPage.vue'), title: 'menu.accounts' },
  ]),
} satisfies FeatureModule

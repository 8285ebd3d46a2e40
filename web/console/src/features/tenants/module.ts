import type { FeatureModule } from '@/modules'
import { propertyRoutes } from '@/property-routes'

export const customers: FeatureModule = {
  permission: 'customer.read',
  texts: ['tenants'],
  menu: { group: 'organisation', title: 'menu.customers', icon: 'shop', path: '/customers' },
  routes: propertyRoutes('customers', [
    { path: '', name: 'customers', component: () => import('./customers/Page.vue'), title: 'menu.customers' },
    { path: ':customer(\\d+)', name: 'customer', component: () => import('./customers/DetailPage.vue'), title: 'menu.customers' },
  ]),
}

export const leases: FeatureModule = {
  permission: 'customer.read',
  texts: ['tenants'],
  menu: { group: 'organisation', title: 'menu.leases', icon: 'lease', path: '/leases' },
  routes: propertyRoutes('leases', [
    { path: '', name: 'leases', component: () => import('./leases/Page.vue'), title: 'menu.leases' },
  ]),
}

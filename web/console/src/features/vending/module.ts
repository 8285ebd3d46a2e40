import type { FeatureModule } from '@/modules'
import { propertyRoutes } from '@/property-routes'

export const vending: FeatureModule = {
  permission: 'vend.sell',
  texts: ['vending', 'allowances'],
  menu: { group: 'money', title: 'menu.vending', icon: 'till', path: '/vending' },
  routes: propertyRoutes('vending', [{ path: '', name: 'vending', component: () => import('./DeskPage.vue'), title: 'menu.vending' }]),
}

export const orders: FeatureModule = {
  permission: 'account.read',
  texts: ['vending'],
  menu: { group: 'money', title: 'menu.orders', icon: 'receipt', path: '/orders' },
  routes: propertyRoutes('orders', [
    { path: '', name: 'orders', component: () => import('./OrdersPage.vue'), title: 'menu.orders' },
    { path: ':order(\\d{1,18})', name: 'order', component: () => import('./OrderPage.vue'), title: 'menu.orders' },
  ]),
}

export const refunds: FeatureModule = {
  permission: 'account.read',
  texts: ['vending'],
  menu: { group: 'money', title: 'menu.refunds', icon: 'refund', path: '/refunds' },
  routes: propertyRoutes('refunds', [{ path: '', name: 'refunds', component: () => import('./RefundsPage.vue'), title: 'menu.refunds' }]),
}

export const suspense: FeatureModule = {
  permission: 'ledger.read',
  texts: ['vending'],
  menu: { group: 'money', title: 'menu.suspense', icon: 'unknown', path: '/suspense' },
  routes: propertyRoutes('suspense', [{ path: '', name: 'suspense', component: () => import('./SuspensePage.vue'), title: 'menu.suspense' }]),
}

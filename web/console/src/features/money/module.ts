import type { FeatureModule } from '@/modules'
import { propertyRoutes } from '@/property-routes'

export const bills: FeatureModule = {
  permission: 'account.read',
  texts: ['money', 'vending'],
  menu: { group: 'money', title: 'menu.bills', icon: 'bill', path: '/bills' },
  routes: propertyRoutes('bills', [
    { path: '', name: 'bills', component: () => import('./BillsPage.vue'), title: 'menu.bills' },
    { path: ':account(\\d{1,18})/:number(\\d{1,18})', name: 'bill', component: () => import('./BillPage.vue'), title: 'menu.bills' },
  ]),
}

export const debts: FeatureModule = {
  permission: 'account.read',
  texts: ['money', 'vending'],
  menu: { group: 'money', title: 'menu.debts', icon: 'debt', path: '/debts' },
  routes: propertyRoutes('debts', [{ path: '', name: 'debts', component: () => import('./DebtsPage.vue'), title: 'menu.debts' }]),
}

export const shifts: FeatureModule = {
  permission: 'vend.sell',
  texts: ['money', 'vending'],
  menu: { group: 'money', title: 'menu.shifts', icon: 'clock', path: '/shifts' },
  routes: propertyRoutes('shifts', [
    { path: '', name: 'shifts', component: () => import('./ShiftsPage.vue'), title: 'menu.shifts' },
    { path: ':shift(\\d{1,18})', name: 'shift', component: () => import('./ShiftPage.vue'), title: 'menu.shifts' },
  ]),
}

export const reconcile: FeatureModule = {
  permission: 'ledger.read',
  texts: ['money', 'vending'],
  menu: { group: 'money', title: 'menu.reconcile', icon: 'balance', path: '/reconcile' },
  routes: propertyRoutes('reconcile', [{ path: '', name: 'reconcile', component: () => import('./ReconcilePage.vue'), title: 'menu.reconcile' }]),
}

import type { FeatureModule } from '@/modules'
import { propertyRoutes } from '@/property-routes'

export default {
  permission: 'property.read',
  texts: ['tariffs'],
  menu: { group: 'money', title: 'menu.tariffs', icon: 'tariff', path: '/tariffs' },
  routes: propertyRoutes('tariffs', [
    { path: '', name: 'tariffs', component: () => import('./Page.vue'), title: 'menu.tariffs' },
    { path: ':tariff(\\d+)', name: 'tariff-of', component: () => import('./TariffPage.vue'), title: 'menu.tariffs' },
    { path: ':tariff(\\d+)/new', name: 'tariff-draft', component: () => import('./VersionPage.vue'), title: 'menu.tariffs' },
    { path: ':tariff(\\d+)/:version(\\d+)', name: 'tariff-version', component: () => import('./VersionPage.vue'), title: 'menu.tariffs' },
  ]),
} satisfies FeatureModule

import type { FeatureModule } from '@/modules'
import { propertyRoutes } from '@/property-routes'

const webhooks: FeatureModule = {
  permission: 'webhook.write',
  texts: ['webhooks'],
  menu: { group: 'integration', title: 'menu.webhooks', icon: 'webhooks', path: '/webhooks' },
  routes: propertyRoutes('webhooks', [
    { path: '', name: 'webhooks', component: () => import('./Page.vue'), title: 'menu.webhooks' },
    { path: ':webhook(\\d{1,18})', name: 'webhook', component: () => import('./WebhookPage.vue'), title: 'menu.webhooks' },
  ]),
}

export default webhooks

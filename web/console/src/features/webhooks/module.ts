import type { FeatureModule } from '@/modules'

const webhooks: FeatureModule = {
  permission: 'webhook.write',
  texts: ['webhooks'],
  menu: { group: 'integration', title: 'menu.webhooks', icon: 'webhooks', path: '/webhooks' },
  routes: [
    { path: 'webhooks', name: 'webhooks', component: () => import('./Page.vue'), meta: { title: 'menu.webhooks' } },
    {
      path: 'webhooks/:property([a-z0-9-]{1,32})/:webhook(\\d{1,18})',
      name: 'webhook',
      component: () => import('./WebhookPage.vue'),
      props: true,
      meta: { title: 'menu.webhooks' },
    },
  ],
}

export default webhooks

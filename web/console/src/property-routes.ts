// Pages of one property: /customers leads to /customers/SLUG of the property that was shown last.
import type { Component } from 'vue'
import type { RouteRecordRaw } from 'vue-router'
import { usePropertyStore } from './stores/property'

export interface PropertyPage {
  /** Below the property; '' is the page of the menu. */
  path: string
  name: string
  component: () => Promise<Component>
  title: string
}

export function propertyRoutes(base: string, pages: PropertyPage[]): RouteRecordRaw[] {
  const title = pages[0]?.title ?? ''
  return [
    {
      path: base,
      name: `${base}-of`,
      component: () => import('./layout/NoPropertyPage.vue'),
      meta: { title },
      beforeEnter: async () => {
        const slug = await usePropertyStore().choose()
        return slug ? { path: `/${base}/${slug}`, replace: true } : true
      },
    },
    {
      path: `${base}/:property`,
      component: () => import('./layout/PropertyFrame.vue'),
      props: true,
      meta: { base },
      children: pages.map(({ path, name, component, title }) => ({ path, name, component, props: true, meta: { title } })),
    },
  ]
}

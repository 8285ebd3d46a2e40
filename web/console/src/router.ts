import { createRouter, createWebHistory } from 'vue-router'
import { i18n } from './i18n'
import { modules } from './modules'
import { useSessionStore } from './stores/session'

declare module 'vue-router' {
  interface RouteMeta {
    title?: string
    open?: boolean
  }
}

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    {
      path: '/login',
      name: 'login',
      component: () => import('./features/login/Page.vue'),
      meta: { open: true, title: 'login.title' },
    },
    {
      path: '/',
      component: () => import('./layout/AppFrame.vue'),
      redirect: '/meters',
      children: [
        ...modules.flatMap((module) => module.routes),
        {
          path: '/:rest(.*)*',
          name: 'missing',
          component: () => import('./layout/MissingPage.vue'),
          meta: { title: 'missing.title' },
        },
      ],
    },
  ],
  scrollBehavior: () => ({ top: 0 }),
})

router.beforeEach(async (to) => {
  if (to.meta.open) return true
  const session = useSessionStore()
  if (await session.load()) return true
  return { name: 'login', query: to.fullPath === '/' ? {} : { back: to.fullPath } }
})

router.afterEach((to) => {
  const title = to.meta.title ? i18n.global.t(to.meta.title) : ''
  document.title = title ? `${title} · Wattle` : 'Wattle'
})

import { createRouter, createWebHistory } from 'vue-router'
import { i18n, loadTexts } from './i18n'
import { modules } from './modules'
import { useSessionStore } from './stores/session'

declare module 'vue-router' {
  interface RouteMeta {
    title?: string
    /** Also without a session. */
    open?: boolean
    /** Without it the frame says so in place of the page. */
    permission?: string
    /** The features whose texts the page needs. */
    texts?: string[]
    /** Of a page of a property: the path of its list without the property. */
    base?: string
    /** Of a page that can also show all properties together: its path without one. */
    all?: string
  }
}

/** The first page of the menu that this person may see. */
function home(): string {
  const session = useSessionStore()
  return modules.find(({ menu, permission }) => menu && session.can(permission))?.menu?.path ?? '/account'
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
      path: '/invite',
      name: 'invite',
      component: () => import('./features/people/invite/Page.vue'),
      meta: { open: true, texts: ['people'], title: 'menu.invite' },
    },
    {
      path: '/',
      component: () => import('./layout/AppFrame.vue'),
      children: [
        // Where that is, depends on the person: the guard below leads there.
        { path: '', name: 'home', component: () => import('./layout/MissingPage.vue') },
        ...modules.flatMap(({ routes, permission, texts }) =>
          routes.map((route) => ({ ...route, meta: { permission, ...(texts && { texts }), ...route.meta } })),
        ),
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
  if (to.meta.texts) void loadTexts(to.meta.texts).catch(() => {}) // together with the page; waited for below
  if (to.meta.open) return true
  const session = useSessionStore()
  if (await session.load()) {
    if (session.mustFirst && to.name !== 'account') return { name: 'account' }
    return to.name === 'home' ? home() : true
  }
  return { name: 'login', query: to.fullPath === '/' ? {} : { back: to.fullPath } }
})

router.beforeResolve(async (to) => {
  if (to.meta.texts) await loadTexts(to.meta.texts)
})

router.afterEach((to) => {
  const title = to.meta.title ? i18n.global.t(to.meta.title) : ''
  document.title = title ? `${title} · Wattle` : 'Wattle'
})

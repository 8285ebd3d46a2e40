// The staff console. Reading order: modules.ts (what there is), router.ts, layout/AppFrame.vue, then
// a feature folder; api/stream.ts and stores/live.ts carry the live values.
import { VueQueryPlugin, QueryClient } from '@tanstack/vue-query'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { ApiError } from './api/client'
import { i18n } from './i18n'
import { router } from './router'
import { useSettingsStore } from './stores/settings'
import 'element-plus/theme-chalk/base.css'
import './styles/theme.css'
import './styles/base.css'

const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (failures, error) =>
        failures < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
      refetchOnWindowFocus: true,
    },
  },
})

const app = createApp(App).use(createPinia()).use(i18n).use(VueQueryPlugin, { queryClient })

// Nothing is shown in one language first and then in the other.
void useSettingsStore().spoken.then(() => app.use(router).mount('#app'))

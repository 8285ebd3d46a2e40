import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { ElementPlusResolver } from 'unplugin-vue-components/resolvers'
import components from 'unplugin-vue-components/vite'
import { defineConfig } from 'vitest/config'

const api = process.env['WATTLE_API'] ?? 'http://127.0.0.1:8801'

export default defineConfig({
  plugins: [
    vue(),
    // Only Element Plus is resolved by name; our own components are imported where they are used.
    components({ dts: false, dirs: [], resolvers: [ElementPlusResolver({ importStyle: 'css' })] }),
  ],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  define: { __VUE_OPTIONS_API__: true, __VUE_PROD_DEVTOOLS__: false },
  build: {
    target: 'es2022',
    manifest: true, // dev/check-size.mjs reads it
    chunkSizeWarningLimit: 600,
    assetsInlineLimit: 0, // the content security policy allows no data: scripts or fonts
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { proxy: { '/api': { target: api, changeOrigin: false } } },
  test: {
    environment: 'node',
    include: ['src/**/*.test.ts'],
  },
})

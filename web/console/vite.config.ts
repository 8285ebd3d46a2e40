import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import vue from '@vitejs/plugin-vue'
import { ElementPlusResolver } from 'unplugin-vue-components/resolvers'
import components from 'unplugin-vue-components/vite'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

const api = process.env['WATTLE_API'] ?? 'http://127.0.0.1:8801'

/** wattled serves x.js.gz in place of x.js to whoever takes it: packed once here, not at each request. */
function packed(): Plugin {
  return {
    name: 'packed',
    apply: 'build',
    writeBundle({ dir }) {
      for (const name of readdirSync(dir ?? 'dist', { recursive: true, encoding: 'utf8' })) {
        if (!/\.(js|css|html|svg)$/.test(name)) continue
        const path = join(dir ?? 'dist', name)
        writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }))
      }
    },
  }
}

/** /docs: the API's description to read and try, by Swagger UI from our own server. */
function apiDocs(): Plugin {
  const from = fileURLToPath(new URL('./node_modules/swagger-ui-dist/', import.meta.url))
  const own = fileURLToPath(new URL('./docs/', import.meta.url))
  const guides = fileURLToPath(new URL('../../docs/api/', import.meta.url))
  return {
    name: 'api-docs',
    apply: 'build',
    writeBundle({ dir }) {
      const to = join(dir ?? 'dist', 'docs')
      mkdirSync(to, { recursive: true })
      for (const name of ['swagger-ui-bundle.js', 'swagger-ui.css', 'LICENSE', 'NOTICE']) copyFileSync(join(from, name), join(to, name))
      for (const name of readdirSync(own)) copyFileSync(join(own, name), join(to, name))
      for (const name of ['guide', 'guide.zh-CN']) copyFileSync(join(guides, `${name}.md`), join(to, `${name}.txt`))
    },
  }
}

export default defineConfig({
  plugins: [
    vue(),
    apiDocs(),
    packed(),
    // Only Element Plus is resolved by name; our own components are imported where they are used.
    components({ dts: false, dirs: [], resolvers: [ElementPlusResolver({ importStyle: 'css' })] }),
  ],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  define: { __VUE_OPTIONS_API__: true, __VUE_PROD_DEVTOOLS__: false, __VUE_I18N_LEGACY_API__: false, __VUE_I18N_FULL_INSTALL__: false, __INTLIFY_PROD_DEVTOOLS__: false },
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
    include: ['src/**/*.test.ts', 'dev/*.test.mjs'],
  },
})

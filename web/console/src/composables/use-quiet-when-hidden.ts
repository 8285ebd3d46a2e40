import { onMounted, onUnmounted } from 'vue'
import { useLiveStore } from '@/stores/live'

const PAUSE_AFTER_MS = 20_000

/** Gives the stream back while nobody looks: over HTTP/1.1 six open tabs would block the seventh. */
export function useQuietWhenHidden(): void {
  const live = useLiveStore()
  let timer: number | undefined
  let paused = false

  function changed(): void {
    window.clearTimeout(timer)
    if (document.hidden) {
      timer = window.setTimeout(() => {
        paused = true
        live.pause()
      }, PAUSE_AFTER_MS)
    } else if (paused) {
      paused = false
      live.resume()
    }
  }

  onMounted(() => document.addEventListener('visibilitychange', changed))
  onUnmounted(() => {
    document.removeEventListener('visibilitychange', changed)
    window.clearTimeout(timer)
  })
}

import { computed, onMounted, onUnmounted, ref, type Ref } from 'vue'

const SPARE_ROWS = 6
const REST_MS = 60

/**
 * Which rows of a long list with equal heights are in sight; only those are built. Some more stand ready above and
 * below, but not while one flies through the list: then each step builds what is seen, and nothing that is left at once.
 */
export function useWindow(container: Ref<HTMLElement | null>, count: () => number, rowPx: () => number) {
  const scrollPx = ref(0)
  const viewPx = ref(600)
  const spare = ref(SPARE_ROWS)
  let rest: ReturnType<typeof setTimeout> | undefined
  let observer: ResizeObserver | undefined

  const start = computed(() => Math.max(0, Math.floor(scrollPx.value / rowPx()) - spare.value))
  const end = computed(() =>
    Math.min(count(), Math.ceil((scrollPx.value + viewPx.value) / rowPx()) + spare.value),
  )
  const abovePx = computed(() => start.value * rowPx())
  const belowPx = computed(() => Math.max(0, (count() - end.value) * rowPx()))

  function measure(): void {
    const element = container.value
    if (!element) return
    if (Math.abs(element.scrollTop - scrollPx.value) > SPARE_ROWS * rowPx()) {
      spare.value = 0
      clearTimeout(rest)
      rest = setTimeout(() => (spare.value = SPARE_ROWS), REST_MS)
    }
    scrollPx.value = element.scrollTop
    viewPx.value = element.clientHeight
  }

  onMounted(() => {
    const element = container.value
    if (!element) return
    element.addEventListener('scroll', measure, { passive: true })
    if (typeof ResizeObserver !== 'undefined') {
      observer = new ResizeObserver(measure)
      observer.observe(element)
    }
    measure()
  })
  onUnmounted(() => {
    clearTimeout(rest)
    container.value?.removeEventListener('scroll', measure)
    observer?.disconnect()
  })

  return { start, end, abovePx, belowPx }
}

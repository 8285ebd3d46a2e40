import { computed, onMounted, onUnmounted, ref, type Ref } from 'vue'

const SPARE_ROWS = 6

/** Which rows of a long list with equal heights are in sight; only those are built. */
export function useWindow(container: Ref<HTMLElement | null>, count: () => number, rowPx: () => number) {
  const scrollPx = ref(0)
  const viewPx = ref(600)
  let observer: ResizeObserver | undefined

  const start = computed(() => Math.max(0, Math.floor(scrollPx.value / rowPx()) - SPARE_ROWS))
  const end = computed(() =>
    Math.min(count(), Math.ceil((scrollPx.value + viewPx.value) / rowPx()) + SPARE_ROWS),
  )
  const abovePx = computed(() => start.value * rowPx())
  const belowPx = computed(() => Math.max(0, (count() - end.value) * rowPx()))

  function measure(): void {
    const element = container.value
    if (!element) return
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
    container.value?.removeEventListener('scroll', measure)
    observer?.disconnect()
  })

  return { start, end, abovePx, belowPx }
}

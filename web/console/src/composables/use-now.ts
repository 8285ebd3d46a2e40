import { onScopeDispose, readonly, ref } from 'vue'

const now = ref(performance.now())
let users = 0
let timer: number | undefined

/** A shared clock for ages: performance.now(), moved twice a second while anyone looks. */
export function useNow() {
  if (users === 0) {
    now.value = performance.now()
    timer = window.setInterval(() => (now.value = performance.now()), 500)
  }
  users += 1
  onScopeDispose(() => {
    users -= 1
    if (users === 0) window.clearInterval(timer)
  })
  return readonly(now)
}

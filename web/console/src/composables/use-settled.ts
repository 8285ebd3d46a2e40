import { onScopeDispose, ref, watch, type Ref } from 'vue'

const PAUSE_MS = 250

/** What was typed, once the typing pauses: the server is not asked for each letter. */
export function useSettled(text: Ref<string>): Ref<string> {
  const settled = ref(text.value.trim())
  let timer = 0
  watch(text, (now) => {
    window.clearTimeout(timer)
    timer = window.setTimeout(() => (settled.value = now.trim()), now ? PAUSE_MS : 0)
  })
  onScopeDispose(() => window.clearTimeout(timer))
  return settled
}

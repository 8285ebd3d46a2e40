import { onMounted, onUnmounted } from 'vue'

/** A single key that works everywhere but in a field. */
export function useShortcut(key: string, action: () => void): void {
  function pressed(event: KeyboardEvent): void {
    if (event.key !== key || event.ctrlKey || event.metaKey || event.altKey) return
    if ((event.target as HTMLElement).closest('input, textarea, select, [contenteditable]')) return
    event.preventDefault()
    action()
  }
  onMounted(() => window.addEventListener('keydown', pressed))
  onUnmounted(() => window.removeEventListener('keydown', pressed))
}

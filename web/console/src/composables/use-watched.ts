import { onUnmounted } from 'vue'
import { useLiveStore } from '@/stores/live'

/** Lets a page say which meters it shows; its wish ends with the page. */
export function useWatched(): (meters: readonly string[]) => void {
  const live = useLiveStore()
  const owner = Symbol('page')
  onUnmounted(() => live.unwatch(owner))
  return (meters) => live.watch(owner, meters)
}

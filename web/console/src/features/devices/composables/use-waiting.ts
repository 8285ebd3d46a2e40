import { computed, type Ref } from 'vue'
import { useDevices } from './use-devices'

/** The number of terminals without a meter number, for the menu. */
export function useWaiting(): Ref<number> {
  const { query } = useDevices()
  return computed(() => query.data.value?.items.length ?? 0)
}

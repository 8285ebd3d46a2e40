import { onScopeDispose, ref } from 'vue'

export function useMedia(query: string) {
  const media = matchMedia(query)
  const matches = ref(media.matches)
  const update = (): void => {
    matches.value = media.matches
  }
  media.addEventListener('change', update)
  onScopeDispose(() => media.removeEventListener('change', update))
  return matches
}

import { defineStore } from 'pinia'
import { ref } from 'vue'
import { ApiError, call } from '@/api/client'
import type { Property, PropertyPage } from '@/api/types'
import { rememberedText } from './settings'

/** The property that the pages of a property show: the one of the path, else the last one. */
export const usePropertyStore = defineStore('property', () => {
  const last = rememberedText('property')
  const property = ref<Property | null>(null)

  /** Loads it and makes it the one that is shown; throws what the server answered. */
  async function show(slug: string): Promise<Property> {
    if (property.value?.slug !== slug) property.value = null
    const found = await call<Property>('GET', `/properties/${slug}`)
    property.value = found
    last.value = slug
    return found
  }

  /** The one to begin with; null: this person sees none. */
  async function choose(): Promise<string | null> {
    if (last.value) {
      try {
        return (await show(last.value)).slug
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 404) throw error
        last.value = '' // gone, or not to be seen any more
      }
    }
    const { items } = await call<PropertyPage>('GET', '/properties?limit=1')
    return items[0] ? (await show(items[0].slug)).slug : null
  }

  return { property, show, choose }
})

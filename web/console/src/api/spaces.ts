// The tree of a property as the console asks for it: a level at a time.
import { call } from './client'
import type { Space, SpaceKind, SpacePage } from './types'

export const SPACE_PAGE = 200

export interface SpaceQuestion {
  /** Directly below this one; null: the buildings. */
  parent?: string | null
  kind?: SpaceKind
  search?: string
  cursor?: string | null
  limit?: number
}

export const spacesPath = (property: string): string => `/properties/${property}/spaces`

export function fetchSpaces(property: string, ask: SpaceQuestion, signal?: AbortSignal): Promise<SpacePage> {
  const query = new URLSearchParams({ limit: String(ask.limit ?? SPACE_PAGE) })
  if (ask.parent) query.set('parent', ask.parent)
  else if (ask.parent === null) query.set('kind', 'building')
  if (ask.kind) query.set('kind', ask.kind)
  if (ask.search) query.set('q', ask.search)
  if (ask.cursor) query.set('cursor', ask.cursor)
  return call<SpacePage>('GET', `${spacesPath(property)}?${query}`, undefined, { signal })
}

export function fetchSpace(property: string, id: string, signal?: AbortSignal): Promise<Space> {
  return call<Space>('GET', `${spacesPath(property)}/${id}`, undefined, { signal })
}

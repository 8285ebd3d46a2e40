import { call, newKey } from '@/api/client'
import type { Photo } from '@/api/schema'

/** Whose photo it is. */
export interface PhotoOwner {
  property: string
  account: string
}

const SIDE_MAX = 1600
const QUALITY = 0.85

const pathOf = ({ property, account }: PhotoOwner): string => `/properties/${property}/accounts/${account}/photos`

export const photoUrl = (owner: PhotoOwner, name: string): string => `/api/v1${pathOf(owner)}/${name}`

/** The size of a picture when its longer side is at most `max`. */
export function fit(width: number, height: number, max = SIDE_MAX): { width: number; height: number } {
  const scale = Math.min(1, max / Math.max(width, height, 1))
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) }
}

/** A picture as it will be sent, and as the page shows it. */
export interface Shot {
  blob: Blob
  preview: string
}

/** Drawn anew and smaller: a phone's picture has megabytes, and in its notes where it was taken. null: it is no picture. */
export async function shrink(file: Blob): Promise<Shot | null> {
  const picture = await createImageBitmap(file).catch(() => null)
  if (!picture) return null
  const canvas = Object.assign(document.createElement('canvas'), fit(picture.width, picture.height))
  canvas.getContext('2d')?.drawImage(picture, 0, 0, canvas.width, canvas.height)
  picture.close()
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', QUALITY))
  return blob && { blob, preview: canvas.toDataURL('image/jpeg', QUALITY) }
}

export function sendPhoto(owner: PhotoOwner, blob: Blob): Promise<Photo> {
  return call<Photo>('POST', pathOf(owner), blob, { contentType: 'application/octet-stream', idempotencyKey: newKey() })
}

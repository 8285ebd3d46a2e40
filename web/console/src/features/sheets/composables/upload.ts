import { ApiError, call } from '@/api/client'
import type { Import } from '@/api/types'

/** The server takes up to 4 MiB; smaller pieces show progress on a slow line. */
export const PIECE_BYTES = 1 << 20

const TRIES = 4
const PAUSE_MS = 1000

export interface Uploading {
  base: string
  file: Blob
  onProgress: (sentBytes: number) => void
  signal: AbortSignal
  pauseMs?: number
}

const wait = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms))

/** Another try helps when the line broke, not when the server refused. */
const mayRepeat = (error: unknown): boolean => error instanceof ApiError && (error.status === 0 || error.status >= 500)

async function sendPiece(upload: Uploading, at: number): Promise<Import> {
  const end = at + PIECE_BYTES >= upload.file.size
  const piece = upload.file.slice(at, at + PIECE_BYTES)
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call<Import>('PUT', `${upload.base}/file?at=${at}&end=${end}`, piece, {
        contentType: 'application/octet-stream',
        signal: upload.signal,
      })
    } catch (error) {
      if (attempt >= TRIES || !mayRepeat(error)) throw error
      await wait((upload.pauseMs ?? PAUSE_MS) * attempt)
    }
  }
}

/** Sends a file in pieces; a piece that got lost is sent again. */
export async function uploadFile(upload: Uploading): Promise<Import> {
  let at = 0
  for (;;) {
    const answer = await sendPiece(upload, at)
    at = Math.min(at + PIECE_BYTES, upload.file.size)
    upload.onProgress(at)
    if (at >= upload.file.size) return answer
  }
}

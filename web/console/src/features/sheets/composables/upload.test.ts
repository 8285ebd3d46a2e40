import { afterEach, describe, expect, it, vi } from 'vitest'
import { PIECE_BYTES, uploadFile } from './upload'

const answer = (status: number): Response =>
  new Response(JSON.stringify(status === 200 ? { id: '1' } : { title: 'no' }), { status })

function run(file: Blob) {
  const sent: number[] = []
  const upload = { base: '/x', file, onProgress: (at: number) => sent.push(at), signal: new AbortController().signal, pauseMs: 1 }
  return { sent, done: uploadFile(upload) }
}

describe('a file in pieces', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('is sent in order, the last piece says so', async () => {
    const asked = vi.fn<(url: string, init: RequestInit) => Promise<Response>>(async () => answer(200))
    vi.stubGlobal('fetch', asked)
    const { sent, done } = run(new Blob([new Uint8Array(PIECE_BYTES + 5)]))
    await done
    expect(asked.mock.calls.map(([url]) => url)).toEqual([
      '/api/v1/x/file?at=0&end=false',
      `/api/v1/x/file?at=${PIECE_BYTES}&end=true`,
    ])
    expect((asked.mock.calls[1]![1].body as Blob).size).toBe(5)
    expect(sent).toEqual([PIECE_BYTES, PIECE_BYTES + 5])
  })
  it('goes on after a broken line, but not after a refusal', async () => {
    const asked = vi.fn<() => Promise<Response>>()
    vi.stubGlobal('fetch', asked)
    asked.mockRejectedValueOnce(new TypeError('network')).mockResolvedValueOnce(answer(503)).mockResolvedValueOnce(answer(200))
    await run(new Blob(['a'])).done
    expect(asked).toHaveBeenCalledTimes(3)
    asked.mockReset().mockResolvedValue(answer(403))
    await expect(run(new Blob(['a'])).done).rejects.toThrow('no')
    expect(asked).toHaveBeenCalledTimes(1)
  })
  it('may be empty', async () => {
    const asked = vi.fn<(url: string) => Promise<Response>>(async () => answer(200))
    vi.stubGlobal('fetch', asked)
    await run(new Blob([])).done
    expect(asked.mock.calls[0]![0]).toBe('/api/v1/x/file?at=0&end=true')
  })
})

// The server's sentences are English. Their Chinese comes with the first of them: most pages need none.
let known: ((detail: string) => string) | null = null

/** Before an error with a sentence is thrown; what could not be loaded leaves the sentence English. */
export async function learnChinese(): Promise<void> {
  if (known) return
  try {
    known = (await import('./details-zh')).inChinese
  } catch {
    return // asked again at the next error
  }
}

export const inChinese = (detail: string): string => known?.(detail) || detail

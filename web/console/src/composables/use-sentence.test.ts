import { beforeAll, describe, expect, it } from 'vitest'
import { learnChinese } from '@/api/chinese'
import { sentenceInChinese } from './use-sentence'

describe('a sentence of the server, in Chinese', () => {
  beforeAll(learnChinese)

  it('is known whole, or behind its field', () => {
    expect(sentenceInChinese('another lease holds one of them in this time')).toMatch(/[\u4e00-\u9fff]/)
    expect(sentenceInChinese('expired')).toBe('已过期')
    expect(sentenceInChinese('amount_fen at most 8')).toBe('amount_fen：最多 8 个')
    expect(sentenceInChinese('lease_create: not visible')).toBe('lease_create：不可见')
    expect(sentenceInChinese('Failed to connect to a.cn port 443 after 3 ms: Connection refused')).toBe('连接不上 a.cn 端口 443 (3 毫秒)：Connection refused')
    expect(sentenceInChinese('this address is inside a private network')).toMatch(/内网/)
    expect(sentenceInChinese('who asked has no right to it any more')).toMatch(/[\u4e00-\u9fff]/)
  })

  it('or stays as it came', () => {
    for (const text of ['', 'batch 17', 'A/3/301', 'name of nobody', '='.repeat(40)]) expect(sentenceInChinese(text)).toBe(text)
  })
})

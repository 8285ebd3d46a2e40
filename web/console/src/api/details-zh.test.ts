import { describe, expect, it } from 'vitest'
import { inChinese } from './details-zh'

describe('what the server found wrong, in Chinese', () => {
  it('keeps the values where they belong', () => {
    expect(inChinese('must have 1 to 60 characters')).toBe('须为 1 到 60 个字符')
    expect(inChinese('must be an integer from 0 to 366')).toBe('须为 0 到 366 的整数')
    expect(inChinese('at most 8')).toBe('最多 8 个')
    expect(inChinese('at most 32 windows')).toBe('最多 32 个时段')
    expect(inChinese('must be one of a, b')).toBe('必须是其中之一：a, b')
    expect(inChinese('is taken below this parent')).toBe('同一上级下已被使用')
  })
  it('leaves what it does not know, and what only looks like a pattern', () => {
    expect(inChinese('the next piece begins at 0')).toBe('the next piece begins at 0')
    expect(inChinese('must have * to * characters')).toBe('须为 * 到 * 个字符')
    expect(inChinese('')).toBe('')
  })
})

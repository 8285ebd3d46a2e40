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
    expect(inChinese('item 3 is none of GET /api/v1/permissions')).toBe('第 3 项不是可用的权限')
    expect(inChinese('{x} is no value of this kind of message')).toBe('{x} 不是这类消息的变量')
    expect(inChinese("one's own goes with a code: POST /api/v1/session/totp/remove")).toBe('自己的动态口令请在“我的账户”中停用')
    expect(inChinese('expired')).toBe('已过期')
  })
  it('leaves what it does not know, and what only looks like a pattern', () => {
    expect(inChinese('the next piece begins at 0')).toBe('the next piece begins at 0')
    expect(inChinese('must have * to * characters')).toBe('须为 * 到 * 个字符')
    expect(inChinese('')).toBe('')
  })
})

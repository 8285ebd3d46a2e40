import { expect, it } from 'vitest'
import { deviceOf } from './device-of'

it('names browser and system', () => {
  const chrome = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36'
  expect(deviceOf(chrome)).toBe('Chrome · Windows')
  expect(deviceOf(`${chrome} Edg/126.0.0.0`)).toBe('Edge · Windows')
  expect(deviceOf('Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 MicroMessenger/8.0.50')).toBe('WeChat · iPhone')
  expect(deviceOf('curl/7.88.1')).toBe('curl')
})
it('says nothing of what it does not know', () => {
  expect(deviceOf('')).toBe('')
  expect(deviceOf('<script>')).toBe('')
})

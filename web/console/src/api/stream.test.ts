import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { EventStream, type StreamHandlers } from './stream'

class FakeSource extends EventTarget {
  static readonly CLOSED = 2
  static made: FakeSource[] = []
  readyState = 0
  closed = false
  readonly url: string

  constructor(url: string) {
    super()
    this.url = url
    FakeSource.made.push(this)
  }

  close(): void {
    this.closed = true
  }

  opens(): void {
    this.readyState = 1
    this.dispatchEvent(new Event('open'))
  }

  fails(readyState: number): void {
    this.readyState = readyState
    this.dispatchEvent(new Event('error'))
  }
}

const handlers = (): StreamHandlers => ({
  live: vi.fn(),
  command: vi.fn(),
  device: vi.fn(),
  gateway: vi.fn(),
  alarm: vi.fn(),
  supply: vi.fn(),
  access: vi.fn(),
  reset: vi.fn(),
  state: vi.fn(),
  resync: vi.fn(),
  refused: vi.fn(),
})

beforeEach(() => {
  vi.useFakeTimers()
  FakeSource.made = []
  vi.stubGlobal('EventSource', FakeSource)
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('EventStream', () => {
  it('asks for the rows in sight and closes the old stream only when the new one is open', () => {
    const stream = new EventStream(handlers())
    stream.start()
    FakeSource.made[0]!.opens()
    stream.watch(['2', '1'])
    vi.advanceTimersByTime(300)
    expect(FakeSource.made[1]!.url).toBe('/api/v1/events?meters=1,2')
    expect(FakeSource.made[0]!.closed).toBe(false)
    FakeSource.made[1]!.opens()
    expect(FakeSource.made[0]!.closed).toBe(true)
  })
  it('opens one stream for a burst of scrolling', () => {
    const stream = new EventStream(handlers())
    stream.start()
    FakeSource.made[0]!.opens()
    for (let i = 0; i < 20; i += 1) stream.watch([String(i)])
    vi.advanceTimersByTime(300)
    expect(FakeSource.made).toHaveLength(2)
  })
  it('leaves a broken line to the browser and retries a refusal itself, ever more slowly', () => {
    const told = handlers()
    const stream = new EventStream(told)
    stream.start()
    FakeSource.made[0]!.opens()
    FakeSource.made[0]!.fails(0)
    vi.advanceTimersByTime(60_000)
    expect(FakeSource.made).toHaveLength(1)
    expect(told.state).toHaveBeenLastCalledWith('lost')

    FakeSource.made[0]!.fails(2)
    expect(told.refused).toHaveBeenCalledOnce()
    vi.advanceTimersByTime(1000)
    expect(FakeSource.made).toHaveLength(2)
    FakeSource.made[1]!.fails(2)
    vi.advanceTimersByTime(1500)
    expect(FakeSource.made).toHaveLength(2)
    vi.advanceTimersByTime(500)
    expect(FakeSource.made).toHaveLength(3)
  })
})

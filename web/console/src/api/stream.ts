import type { Command, LiveItem } from './types'

export type StreamState = 'connecting' | 'open' | 'lost'

export interface StreamHandlers {
  live(items: LiveItem[]): void
  command(command: Command): void
  device(): void
  gateway(): void
  alarm(): void
  /** An account, or its supply, may be in another state. */
  supply(): void
  /** What the person may see is another now. */
  access(): void
  /** The server could not keep everything for us: read the lists again. */
  reset(): void
  state(state: StreamState): void
  /** The stream opened: what happened meanwhile may have been missed. */
  resync(): void
  /** The server answered the stream with an error: perhaps the session ended. */
  refused(): void
}

const RETRY_MS = [1000, 2000, 4000, 8000]
const FILTER_SETTLE_MS = 200

/**
 * The one event stream of the page. Live values come only for the meters asked for, and a changed
 * wish opens the new stream before it closes the old one, so nothing falls between.
 */
export class EventStream {
  private source: EventSource | null = null
  private next: EventSource | null = null
  private filter = ''
  private timer: ReturnType<typeof setTimeout> | undefined
  private attempt = 0
  private running = false
  private readonly handlers: StreamHandlers

  constructor(handlers: StreamHandlers) {
    this.handlers = handlers
  }

  start(): void {
    if (this.running) return
    this.running = true
    this.open()
  }

  stop(): void {
    this.running = false
    clearTimeout(this.timer)
    this.source?.close()
    this.next?.close()
    this.source = null
    this.next = null
    this.attempt = 0
  }

  watch(meters: readonly string[]): void {
    const filter = [...meters].sort().join(',')
    if (filter === this.filter) return
    this.filter = filter
    if (!this.running) return
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.open(), FILTER_SETTLE_MS)
  }

  private open(): void {
    this.next?.close()
    const source = new EventSource(`/api/v1/events?meters=${this.filter}`)
    this.next = source
    if (!this.source) this.handlers.state('connecting')

    source.addEventListener('open', () => this.opened(source))
    source.addEventListener('error', () => this.failed(source))
    source.addEventListener('live', (event) => {
      this.handlers.live((JSON.parse(event.data as string) as { items: LiveItem[] }).items)
    })
    source.addEventListener('command', (event) => {
      this.handlers.command(JSON.parse(event.data as string) as Command)
    })
    source.addEventListener('device', () => this.handlers.device())
    source.addEventListener('gateway', () => this.handlers.gateway())
    source.addEventListener('alarm', () => this.handlers.alarm())
    source.addEventListener('supply', () => this.handlers.supply())
    source.addEventListener('access', () => this.handlers.access())
    source.addEventListener('reset', () => this.handlers.reset())
  }

  private opened(source: EventSource): void {
    if (source === this.next) {
      this.source?.close()
      this.source = source
      this.next = null
    }
    this.attempt = 0
    this.handlers.state('open')
    this.handlers.resync()
  }

  private failed(source: EventSource): void {
    if (source !== this.source && source !== this.next) return
    this.handlers.state('lost')
    // The browser retries a broken stream by itself, and sends Last-Event-ID; it gives up on an
    // error answer, and then the next try is ours.
    if (source.readyState !== EventSource.CLOSED) return
    if (source === this.source) this.source = null
    else this.next = null
    this.handlers.refused()
    clearTimeout(this.timer)
    const delay = RETRY_MS[Math.min(this.attempt, RETRY_MS.length - 1)] ?? 8000
    this.attempt += 1
    this.timer = setTimeout(() => {
      if (this.running) this.open()
    }, delay)
  }
}

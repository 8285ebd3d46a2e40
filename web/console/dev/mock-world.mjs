// The invented property behind mock.mjs: meters with a daily load, one silent, one tripped.
import { randomBytes, randomInt } from 'node:crypto'

const NAMES = ['1 号楼 101 室', '1 号楼 102 室', '1 号楼 201 室', '2 号楼 底商 茶餐厅', '2 号楼 302 室', '2 号楼 401 室', '3 号楼 水泵房', '3 号楼 402 室']
const STEPS_MS = { sent: 60, received: 140, executed: 420, verified: 1300 }
const iso = (ms) => new Date(ms).toISOString()
const hex = (n) => randomBytes(n).toString('hex')

export class World {
  constructor(count) {
    this.user = {
      user: '1',
      name: 'admin',
      full_name: '',
      phone: '',
      lang: 'zh-CN',
      group: null,
      second_factor: false,
      recovery_codes: 0,
      password_change_needed: false,
      second_factor_needed: false,
      permissions: ['property.read', 'device.adopt', 'meter.command'], // what this world has pages for
      grants: [],
    }
    this.startMs = Date.now()
    this.seconds = 0
    this.commands = []
    this.devices = [device(true), device(false)]
    this.meters = Array.from({ length: count }, (_, i) => this.makeMeter(i))
    this.onCommand = this.onDevice = this.onGateway = () => {}
  }

  makeMeter(i) {
    return {
      meter: String(330100000001 + i),
      name: NAMES[i % NAMES.length] + (i >= NAMES.length ? ` (${i})` : ''),
      property: 'demo', space: null,
      gateway: 'gw-01',
      chip: hex(12),
      phase: i * 1.7,
      energy_wh: 1_234_567 + i * 98_765,
      silent: i === 5,
      lastMs: i === 5 ? Date.now() - 754_000 : Date.now(),
      state: { contact: i === 4 ? 'open' : 'closed', want: i === 4 ? 'open' : 'closed', forced_trip: i === 4, keep_power: i === 6, close_allowed: false, relay_fault: false, clock_set: true },
      quality: i === 5 ? ['sensor_fault'] : [],
      events: [
        { at: iso(Date.now() - 3_600_000), id: '11', kind: 'boot', title: 'terminal started', title_zh: '终端启动', detail: 1, value: 0, boot: 3, seq: 11 },
        { at: iso(Date.now() - 3_590_000), id: '12', kind: 'clock-set', title: 'clock set', title_zh: '校时', detail: 0, value: 2, boot: 3, seq: 12 },
      ],
    }
  }

  load(meter, atMs) {
    const hour = (atMs / 3_600_000) % 24
    const day = 900 + 700 * Math.sin(((hour - 6) / 12) * Math.PI + meter.phase)
    const fast = 160 * Math.sin(atMs / 9000 + meter.phase) + 90 * Math.sin(atMs / 2300 + 2 * meter.phase)
    const kettle = Math.floor(atMs / 60_000 + meter.phase * 7) % 9 === 0 ? 1800 : 0
    return Math.max(40, Math.round((day + fast + kettle) * 10))
  }

  values(meter, atMs) {
    const on = meter.state.contact === 'closed'
    const power = on ? this.load(meter, atMs) : 0
    const voltage = 2300 + Math.round(25 * Math.sin(atMs / 17_000 + meter.phase))
    return {
      at: iso(atMs),
      voltage_dv: voltage,
      current_ma: on ? Math.round((power * 100) / (voltage / 10) / 0.96) : 0,
      power_dw: power,
      pf_permille: on ? 960 + Math.round(20 * Math.sin(atMs / 31_000)) : 1000,
      frequency_chz: 5000 + Math.round(3 * Math.sin(atMs / 7000)),
      energy_wh: Math.round(meter.energy_wh),
    }
  }

  tick() {
    const now = Date.now()
    this.seconds += 1
    const items = []
    for (const meter of this.meters) {
      if (meter.silent) continue
      const values = this.values(meter, now)
      meter.energy_wh += values.power_dw / 36_000
      meter.lastMs = now
      items.push({ meter: meter.meter, ...values, state: meter.state, quality: meter.quality })
    }
    if (this.seconds % 30 === 0) this.onGateway()
    return items
  }

  view(meter) {
    return {
      ...meter,
      events: undefined,
      phase: undefined,
      online: !meter.silent,
      live: this.values(meter, meter.lastMs),
      last_reading_at: iso(Math.floor(meter.lastMs / 60_000) * 60_000),
      gateway_online: true,
      commands_pending: this.commandsOf(meter.meter).filter((c) => c.stages.at(-1).stage in STEPS_MS && c.stage !== 'verified').length,
      room_state: meter.silent ? 'lost' : meter.state.forced_trip ? 'forced-trip' : meter.state.keep_power ? 'keep-power' : 'open',
    }
  }

  page(query) {
    const limit = Number(query.get('limit') ?? 100)
    const start = Number(query.get('cursor') ?? 0)
    const items = this.meters.slice(start, start + limit).map((meter) => this.view(meter))
    return { items, next: start + limit < this.meters.length ? String(start + limit) : null }
  }

  find(number) {
    return this.meters.find((meter) => meter.meter === number)
  }

  meter(number) {
    const meter = this.find(number)
    return meter && this.view(meter)
  }

  eventsOf(number) {
    return [...(this.find(number)?.events ?? [])].reverse()
  }

  commandsOf(number) {
    return this.commands.filter((command) => command.meter === number).reverse()
  }

  readings(number, query) {
    const meter = this.find(number)
    const from = Date.parse(query.get('from'))
    const to = Date.parse(query.get('to'))
    const points = Number(query.get('points') ?? 480)
    const stepMs = Math.max(60_000, Math.ceil((to - from) / points / 60_000) * 60_000)
    const gap = { from: Math.floor(this.startMs / 60_000) * 60_000 - 2_400_000, to: Math.floor(this.startMs / 60_000) * 60_000 - 1_500_000 }
    const items = []
    for (let at = Math.ceil(from / 60_000) * 60_000; at <= to; at += stepMs) {
      if (at > gap.from && at < gap.to) continue
      const values = { ...this.values({ ...meter, state: { contact: 'closed' } }, at), quality: [] }
      values.energy_wh = Math.round(meter.energy_wh - ((Date.now() - at) / 3_600_000) * 900)
      items.push({ ...values, power_min_dw: Math.round(values.power_dw * 0.86), power_max_dw: Math.round(values.power_dw * 1.12) })
    }
    const gaps = gap.to > from ? [{ from: iso(gap.from), to: iso(gap.to) }] : []
    return { items, gaps, readings: items.length, damaged: 0 }
  }

  command(number, wish) {
    const meter = this.find(number)
    const now = Date.now()
    const command = {
      id: String(this.commands.length + 1),
      meter: number,
      kind: wish.kind,
      by: this.user.name,
      reason: wish.reason,
      created_at: iso(now),
      expires_at: iso(now + 60_000),
      stage: 'queued',
      stages: [{ stage: 'queued', at: iso(now) }],
    }
    this.commands.push(command)
    const refused = wish.kind === 'trip' && meter.state.keep_power
    for (const [stage, delay] of Object.entries(STEPS_MS)) {
      if (refused && stage === 'executed') {
        setTimeout(() => this.advance(command, 'refused', 7), delay)
        break
      }
      setTimeout(() => {
        if (stage === 'executed') act(meter.state, wish.kind)
        this.advance(command, stage)
      }, delay)
    }
    return { ...command, stages: [...command.stages] }
  }

  advance(command, stage, reason) {
    command.stage = stage
    const why = reason ? { reason_code: reason, reason_text: 'keep-power is in force', reason_text_zh: '保电生效中' } : {}
    Object.assign(command, why)
    command.stages.push({ stage, at: iso(Date.now()), ...why })
    this.onCommand(command)
  }

  importKeys(csv) {
    const chips = new Set(csv.split('\n').map((line) => line.split(',')[0]?.trim()))
    for (const item of this.devices) if (chips.has(item.chip)) item.key_known = true
    return { imported: chips.size - 1, known: 0 }
  }

  adopt(chip, { meter, name }) {
    const item = this.devices.find((device) => device.chip === chip)
    if (!item) return null
    this.devices = this.devices.filter((device) => device !== item)
    this.meters.push({ ...this.makeMeter(this.meters.length), meter, name, chip, silent: false, quality: [] })
    this.onDevice()
    return this.meter(meter)
  }

  gatewayEvents(id) {
    const at = iso(this.startMs - 5_400_000)
    const event = (n, kind, title, title_zh, more = {}) => ({ id: String(n), kind, title, title_zh, at, stored_at: at, detail: 0, value: 0, boot: 0, seq: 0, ...more })
    if (id !== 'gw-02') return []
    return [
      event(3, 'client-refused', 'connection refused by the broker', '消息代理拒绝连接', { detail: 3 }),
      event(2, 'clock-stepped', 'gateway clock stepped', '网关时钟跳变', { value: 3_600_000 }),
      event(1, 'spool-damaged', 'spool damaged', '待发队列损坏', { value: 1 }),
    ]
  }

  gateways() {
    const now = Date.now()
    const base = { property: 'demo', label: '', revoked: false, config_version: 12, online: true, since: iso(this.startMs - 7_200_000) }
    const state = {
      online: true,
      boot: hex(8),
      since: Math.floor(this.startMs / 1000) - 7200,
      version: '0.1.0',
      config: 12,
      spool: { queued: randomInt(0, 3), oldest_s: Math.floor(now / 1000) - 2, bytes: 1_482_752, damaged: 0, refused: 0, full: false, waiting_bytes: 0 },
      bus: { kind: 'unix', up: true, load_permille: 62 + randomInt(0, 5), overload: false, errors: 0, dropped: 0, terminals: this.meters.length + this.devices.length },
      link: { connected_since: Math.floor(this.startMs / 1000) - 7190, reconnects: 0, last_reason: '' },
      clock: { offset_ms: -3, wall_offset_ms: -40, confirmed: true, steps: 0 },
      last_stop: 'clean',
      dropped: 0,
      bad_messages: 0,
      retained_ignored: 0,
    }
    const down = {
      ...state,
      online: false,
      spool: { queued: 128, oldest_s: Math.floor(now / 1000) - 9400, bytes: 88_482_752, damaged: 1, refused: 2, full: true, waiting_bytes: 48_200 },
      bus: { kind: 'socketcan', up: false, load_permille: 0, overload: false, errors: 37, dropped: 4, terminals: 0 },
      link: { connected_since: 0, reconnects: 3, last_reason: 'The connection was lost.' },
      clock: { offset_ms: 1840, wall_offset_ms: 3_600_000, confirmed: false, steps: 1 },
      last_stop: 'killed',
    }
    return [
      { id: 'gw-01', ...base, state },
      { id: 'gw-02', property: 'demo', label: '地下车库', revoked: false, config_version: 12, online: false, since: iso(now - 2_600_000), state: down },
    ]
  }
}

function device(keyKnown) {
  return {
    chip: hex(12),
    gateway: 'gw-01',
    first_seen: iso(Date.now() - 420_000),
    last_seen: iso(Date.now() - 1500),
    address: keyKnown ? 8 : 9,
    firmware: '1.0',
    key_known: keyKnown,
    meter: null,
  }
}

function act(state, kind) {
  const on = kind !== 'trip'
  state.forced_trip = kind === 'trip'
  if (kind === 'keep-power') state.keep_power = true
  if (kind === 'release') state.keep_power = false
  if (kind === 'allow-close') {
    state.close_allowed = true
    return
  }
  state.contact = state.want = on ? 'closed' : 'open'
}

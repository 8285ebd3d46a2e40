// A stand-in for wattled's web API with lively invented data, for work on the pages alone.
// node dev/mock.mjs [--port 8801] [--meters 8] [--dist dist]; any name and password sign in.
import { createReadStream, existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { parseArgs } from 'node:util'
import { World } from './mock-world.mjs'

const { values: args } = parseArgs({
  options: {
    port: { type: 'string', default: '8801' },
    meters: { type: 'string', default: '8' },
    dist: { type: 'string', default: new URL('../dist', import.meta.url).pathname },
  },
})

const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' }

const world = new World(Number(args.meters))
const streams = new Set()

function json(response, status, body) {
  const type = status >= 400 ? 'application/problem+json' : 'application/json'
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' })
  response.end(body === undefined ? '' : JSON.stringify(body))
}

function problem(response, status, title, titleZh, field) {
  json(response, status, { title, title_zh: titleZh, status, field })
}

function send(stream, event, body) {
  stream.response.write(`id: ${++stream.id}\nevent: ${event}\ndata: ${JSON.stringify(body)}\n\n`)
}

function broadcast(event, body) {
  for (const stream of streams) send(stream, event, body)
}

world.onCommand = (command) => broadcast('command', command)
world.onDevice = () => broadcast('device', {})
world.onGateway = () => broadcast('gateway', {})

setInterval(() => {
  const items = world.tick()
  for (const stream of streams) {
    const wanted = items.filter((item) => stream.meters === null || stream.meters.has(item.meter))
    if (wanted.length > 0) send(stream, 'live', { items: wanted })
  }
}, 1000)

async function textOf(request) {
  let text = ''
  for await (const chunk of request) text += chunk
  return text
}

function openStream(request, response, url) {
  const wish = url.searchParams.get('meters')
  const stream = { response, id: 0, meters: wish === null ? null : new Set(wish.split(',')) }
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  response.write(': hello\n\n')
  streams.add(stream)
  request.on('close', () => streams.delete(stream))
}

const ROUTES = [
  ['GET', /^\/session$/, (_m, _b, q) => (q.signedIn ? [200, world.user] : [401, null])],
  ['GET', /^\/meters$/, (_m, _b, q) => [200, world.page(q.url.searchParams)]],
  ['GET', /^\/meters\/(\d+)$/, (m) => found(world.meter(m[1]))],
  ['GET', /^\/meters\/(\d+)\/readings$/, (m, _b, q) => [200, world.readings(m[1], q.url.searchParams)]],
  ['GET', /^\/meters\/(\d+)\/events$/, (m) => [200, { items: world.eventsOf(m[1]) }]],
  ['GET', /^\/meters\/(\d+)\/commands$/, (m) => [200, { items: world.commandsOf(m[1]) }]],
  ['POST', /^\/meters\/(\d+)\/commands$/, (m, body) => [202, world.command(m[1], JSON.parse(body))]],
  ['GET', /^\/devices$/, () => [200, { items: world.devices, next: null }]],
  ['POST', /^\/devices\/import$/, (_m, body) => [200, world.importKeys(body)]],
  ['POST', /^\/devices\/([0-9a-f]+)\/adopt$/, (m, body) => found(world.adopt(m[1], JSON.parse(body)))],
  ['GET', /^\/gateways\/([a-z0-9-]+)\/events$/, (m) => [200, { items: world.gatewayEvents(m[1]), next: null }]],
  ['GET', /^\/gateways$/, () => [200, { items: world.gateways(), next: null }]],
]

function found(item) {
  return item ? [200, item] : [404, null]
}

async function api(request, response, url) {
  const path = url.pathname.slice('/api/v1'.length)
  const signedIn = /wattle_session=/.test(request.headers.cookie ?? '')
  const body = request.method === 'POST' ? await textOf(request) : ''
  if (request.method === 'POST' && path === '/session') {
    const { name, password } = JSON.parse(body)
    if (password === 'wrong') return problem(response, 401, 'not signed in', '未登录')
    world.user.name = name
    response.setHeader('set-cookie', 'wattle_session=mock; HttpOnly; SameSite=Strict; Path=/')
    return json(response, 200, world.user)
  }
  if (request.method === 'DELETE' && path === '/session') {
    response.setHeader('set-cookie', 'wattle_session=; Max-Age=0; Path=/')
    response.writeHead(204)
    return response.end()
  }
  if (!signedIn) return problem(response, 401, 'not signed in', '未登录')
  if (request.method === 'GET' && path === '/events') return openStream(request, response, url)
  for (const [method, form, answer] of ROUTES) {
    const match = method === request.method && form.exec(path)
    if (!match) continue
    const [status, result] = answer(match, body, { url, signedIn })
    if (status === 404) return problem(response, 404, 'not found', '没有找到')
    return json(response, status, result)
  }
  return problem(response, 404, 'not found', '没有找到')
}

function file(response, url) {
  const wanted = normalize(url.pathname)
  const path = join(args.dist, wanted)
  const real = extname(path) && existsSync(path) ? path : join(args.dist, 'index.html')
  response.writeHead(200, {
    'content-type': TYPES[extname(real)] ?? 'application/octet-stream',
    'content-security-policy': CSP,
  })
  createReadStream(real).pipe(response)
}

const server = createServer((request, response) => {
  const url = new URL(request.url, 'http://localhost')
  if (!url.pathname.startsWith('/api/')) return file(response, url)
  return api(request, response, url).catch((error) => problem(response, 400, String(error), '请求有误'))
})
server.listen(Number(args.port), '127.0.0.1', () => {
  console.log(`mock at http://127.0.0.1:${server.address().port}/`)
})

import { useI18n } from 'vue-i18n'
import { serverNow } from '@/api/client'
import type { LoggedEvent } from '@/api/types'
import { count, energy, money } from '@/format/number'
import { moment } from '@/format/time'
import { useWords } from './use-words'

/** Events of meters and gateways as lines for people. */
export function useEventText() {
  const { t, locale } = useI18n()
  const { word } = useWords()

  /** A terminal whose clock is not set yet cannot say when; we know when we heard of it. */
  function timeOf(event: LoggedEvent): string {
    if (event.at) return moment(Date.parse(event.at), serverNow())
    if (!event.stored_at) return t('event.no_time')
    return t('event.before', { at: moment(Date.parse(event.stored_at), serverNow()) })
  }

  /** The number that belongs to an event, where it says more than the name. */
  function detailOf(event: LoggedEvent): string {
    switch (event.kind) {
      case 'relay-moved':
        return word('relay_cause', event.detail)
      case 'command-refused':
        return word('refusal', event.detail)
      case 'client-refused':
        return word('client_refusal', event.detail)
      case 'clock-set':
        return event.value === 0 ? '' : t('event.seconds', { n: count(event.value) })
      case 'clock-stepped':
        return t('event.seconds', { n: count(Math.round(event.value / 1000)) })
      case 'spool-damaged':
        return t('event.lost', { n: count(event.value) })
      case 'device-found': // firmware in detail and the high half, its place on the bus in the low one
        return t('event.found', { address: event.value & 0xffff, firmware: `${event.detail}.${event.value >> 16}` })
      case 'button':
        return event.detail === 1 ? t('event.held') : ''
      case 'events-lost':
        return t('event.lost', { n: count(event.value) })
      case 'credit':
        return `${word('credit_state', event.detail)} ${money(event.value)}`
      case 'register-frozen':
        return `${count(Math.round(event.value / 10))} W`
      case 'segment':
      case 'energy-added':
        return `${energy(event.value)} kWh`
      case 'boot':
        return t('event.start', { n: event.boot })
      default:
        return event.detail ? t('event.code', { n: event.detail }) : ''
    }
  }

  return (event: LoggedEvent) => ({
    key: event.id,
    time: timeOf(event),
    what: locale.value === 'en' ? event.title : event.title_zh,
    detail: detailOf(event),
    chip: event.meter ? '' : (event.chip ?? ''),
  })
}

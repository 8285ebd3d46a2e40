// What an act was about, as the server writes it ("meter 330100000005", "tariff homes version 1"), in the reader's words.
import { useI18n } from 'vue-i18n'

/** Longer names first: "command batch 3" is no command. */
const KINDS = [
  'command batch', 'alarm plan', 'account', 'adjustment', 'alarm', 'allowance', 'approval', 'bill', 'calendar', 'command', 'customer', 'debt', 'device', 'gateway', 'group', 'import', 'key', 'lease', 'message',
  'meter', 'opening', 'order', 'property', 'refund', 'role', 'roster', 'sheet', 'shift', 'space', 'takeover', 'tariff', 'template', 'user', 'webhook',
]

/** Kind and what is left: its number or name; null: of no known kind. */
export function partsOf(object: string): { kind: string; id: string } | null {
  const kind = KINDS.find((name) => object.startsWith(`${name} `))
  return kind ? { kind: kind.replace(' ', '_'), id: object.slice(kind.length + 1) } : null
}

export function useObjectText() {
  const { t } = useI18n()
  return (object: string): string => {
    const parts = partsOf(object)
    if (!parts) return object
    const version = /^(\S+) version (\d+)$/.exec(parts.id)
    const id = version ? t('audit_object.version', { id: version[1]!, n: version[2]! }) : parts.id
    return t(`audit_object.${parts.kind}`, { id })
  }
}

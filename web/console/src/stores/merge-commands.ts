import type { Command } from '@/api/types'

/**
 * Two answers about the same commands, newest command first. Answers overtake each other (a call's
 * own, a list's, the stream's), but stages are only ever added: more of them is later.
 */
export function mergeCommands(known: readonly Command[], told: readonly Command[]): Command[] {
  const byId = new Map(known.map((command) => [command.id, command]))
  for (const command of told) {
    const before = byId.get(command.id)
    if (!before || before.stages.length <= command.stages.length) byId.set(command.id, command)
  }
  return [...byId.values()].sort((a, b) => Date.parse(b.created_at) - Date.parse(a.created_at))
}

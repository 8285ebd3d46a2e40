import type { Command, CommandStage } from '@/api/types'

export const WAY: CommandStage[] = ['queued', 'sent', 'received', 'executed', 'verified']

export interface Step {
  stage: CommandStage
  atMs: number | null
  /** Since the step before; null for the first. */
  tookMs: number | null
  /** What the server says about it, in English and Chinese. */
  reason: { en: string; zh: string } | null
  look: 'done' | 'doing' | 'ahead' | 'bad'
}

/** The stages as a line: what happened, what is happening, what is still ahead. */
export function stepsOf(command: Command): Step[] {
  const steps: Step[] = []
  let before: number | null = null
  const bad = ['refused', 'failed', 'expired'].includes(command.stage)
  for (const mark of command.stages) {
    const atMs = Date.parse(mark.at)
    const isBad = !WAY.includes(mark.stage)
    steps.push({
      stage: mark.stage,
      atMs,
      tookMs: before === null ? null : atMs - before,
      reason: mark.reason_text ? { en: mark.reason_text, zh: mark.reason_text_zh ?? mark.reason_text } : null,
      look: isBad ? 'bad' : 'done',
    })
    before = atMs
  }
  if (bad) return steps
  const reached = Math.max(-1, ...command.stages.map((mark) => WAY.indexOf(mark.stage)))
  WAY.slice(reached + 1).forEach((stage, i) => {
    steps.push({ stage, atMs: null, tookMs: null, reason: null, look: i === 0 ? 'doing' : 'ahead' })
  })
  return steps
}

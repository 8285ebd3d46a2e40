import { describe, expect, it } from 'vitest'
import type { Command, CommandStage } from '@/api/types'
import { stepsOf } from './stages'

function command(...stages: [CommandStage, number, number?][]): Command {
  return {
    id: '1',
    meter: '330100000001',
    kind: 'trip',
    by: 'admin',
    reason: 'test',
    created_at: new Date(0).toISOString(),
    expires_at: new Date(60_000).toISOString(),
    stage: stages.at(-1)![0],
    stages: stages.map(([stage, at, reason]) => ({ stage, at: new Date(at).toISOString(), ...(reason ? { reason_code: reason, reason_text: 'keep-power is in force', reason_text_zh: '保电生效中' } : {}) })),
  }
}

describe('stepsOf', () => {
  it('shows what is done, the one under way, and what is ahead', () => {
    const steps = stepsOf(command(['queued', 0], ['sent', 84]))
    expect(steps.map((step) => step.look)).toEqual(['done', 'done', 'doing', 'ahead', 'ahead'])
    expect(steps[1]?.tookMs).toBe(84)
  })
  it('ends with the refusal and its reason; nothing is ahead then', () => {
    const steps = stepsOf(command(['queued', 0], ['sent', 10], ['received', 20], ['refused', 30, 7]))
    expect(steps.at(-1)).toMatchObject({ stage: 'refused', look: 'bad', reason: { en: 'keep-power is in force', zh: '保电生效中' } })
    expect(steps).toHaveLength(4)
  })
  it('invents no stage that was skipped on the way', () => {
    const steps = stepsOf(command(['queued', 0], ['executed', 50], ['verified', 900]))
    expect(steps.map((step) => step.stage)).toEqual(['queued', 'executed', 'verified'])
  })
})

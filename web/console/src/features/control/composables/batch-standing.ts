import type { CommandBatchStages } from '@/api/schema'

export type Stages = CommandBatchStages['stages']

export interface Standing {
  done: number
  failed: number
  /** Under way, or not given yet. */
  going: number
}

/** `stages` counts commands; of those that were `given` the platform refused the ones that are in no stage. */
export function standingOf(stages: Stages, count: number, given: number): Standing {
  const known = Object.values(stages).reduce((sum, n) => sum + n, 0)
  const failed = stages.refused + stages.failed + stages.expired + Math.max(0, given - known)
  return { done: stages.verified, failed, going: Math.max(0, count - stages.verified - failed) }
}

/** Something may still move by itself. */
export const isMoving = (stages: Stages): boolean => stages.queued + stages.sent + stages.received + stages.executed > 0

/** Who says a rule: a group for its properties, or a property for itself. */
export interface Level {
  kind: 'group' | 'property'
  /** Of the paths of the API. */
  base: string
}

/** Pages of both levels have one of these in their address. */
export interface LevelProps {
  property?: string
  group?: string
}

export const levelOf = ({ property, group }: LevelProps): Level =>
  property ? { kind: 'property', base: `/properties/${property}` } : { kind: 'group', base: `/groups/${group ?? ''}` }

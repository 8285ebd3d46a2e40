/** The quantities that a chart can show: the name of the integer, its unit, and its decimals. */
export const FIELDS = {
  power: { key: 'power_dw', unit: 'W', scale: 1 },
  current: { key: 'current_ma', unit: 'A', scale: 3 },
  voltage: { key: 'voltage_dv', unit: 'V', scale: 1 },
  energy: { key: 'energy_wh', unit: 'kWh', scale: 3 },
} as const

export type Field = keyof typeof FIELDS

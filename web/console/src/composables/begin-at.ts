/**
 * Puts the focus where one begins in a box that has just opened. A box slides in for a moment, and people do not
 * wait for it: whoever types in one of its fields already stays there.
 */
export function beginAt(field: { focus(): void } | null | undefined, active: Element | null = document.activeElement): void {
  if (active?.matches('[role=dialog] :is(input, textarea, select)')) return
  field?.focus()
}

import { reactive, ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { ApiError, newKey } from '@/api/client'
import { useProblem } from './use-problem'

/**
 * A form that is sent: what the server refuses stands at the field that it names (`errors`), all else
 * above the buttons (`failure`). `conflict`: somebody changed the object since it was read (412).
 * Sending the same again uses the same idempotency key, so a lost answer cannot act twice.
 */
export function useForm<Values extends object>(initial: () => Values) {
  const { t } = useI18n()
  const problem = useProblem()
  const values = reactive(initial()) as Values
  const errors = ref<Record<string, string>>({})
  const failure = ref('')
  const conflict = ref(false)
  const busy = ref(false)
  let key = newKey()
  let keyOf = ''

  function clear(): void {
    errors.value = {}
    failure.value = ''
    conflict.value = false
  }

  function reset(): void {
    clear()
    Object.assign(values, initial())
  }

  /** Of this content: another content is another act. */
  function idempotencyKey(): string {
    const now = JSON.stringify(values)
    if (now !== keyOf) {
      key = newKey()
      keyOf = now
    }
    return key
  }

  function show(error: unknown): void {
    if (!(error instanceof ApiError)) {
      failure.value = problem(error)
      return
    }
    const { field, status } = error.problem
    const name = field?.split(/[.[]/)[0] // permissions[3] stands at permissions
    conflict.value = status === 412
    if (name && name in values) errors.value = { [name]: problem(error) }
    else failure.value = problem(error)
  }

  function isEmpty(value: unknown): boolean {
    if (typeof value === 'string') return !value.trim()
    return value === null || value === undefined || (Array.isArray(value) && value.length === 0)
  }

  /** True: it was done. What is `needed` must not be empty. */
  async function submit(act: (key: string) => Promise<unknown>, needed: (keyof Values & string)[] = []): Promise<boolean> {
    clear()
    const empty = needed.filter((name) => isEmpty(values[name]))
    if (empty.length > 0) {
      errors.value = Object.fromEntries(empty.map((name) => [name, t('form.needed')]))
      return false
    }
    busy.value = true
    try {
      await act(idempotencyKey())
      keyOf = ''
      return true
    } catch (error) {
      show(error)
      return false
    } finally {
      busy.value = false
    }
  }

  return { values, errors, failure, conflict, busy, submit, reset, clear, show }
}

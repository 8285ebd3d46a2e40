import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed } from 'vue'
import { call, queryText, versionTag } from '@/api/client'
import type {
  AlarmPlan, AlarmPlanEdit, AlarmPlanPage, Calendar, CalendarEdit, CalendarHeadPage, CalendarState, Group, GroupEdit, Property,
  PropertyEdit, Retention, RetentionEdit, Template, TemplatePage, TemplatePreview,
} from '@/api/types'
import { usePropertyStore } from '@/stores/property'
import type { Level } from './level'

/** A property has few of these; the server keeps the limit. */
const ALL = 500

export function useCalendars(level: () => Level) {
  return useQuery({
    queryKey: computed(() => ['rules', level().base, 'calendars']),
    queryFn: async ({ signal }) =>
      (await call<CalendarHeadPage>('GET', `${level().base}/calendars${queryText({ limit: ALL })}`, undefined, { signal })).items,
  })
}

export function useCalendar(level: () => Level, id: () => string | null) {
  return useQuery({
    queryKey: computed(() => ['rules', level().base, 'calendar', id()]),
    enabled: computed(() => id() !== null),
    queryFn: ({ signal }) => call<Calendar>('GET', `${level().base}/calendars/${id()}`, undefined, { signal }),
  })
}

/** What the calendar of a property says at this moment. */
export function useCalendarNow(level: () => Level) {
  return useQuery({
    queryKey: computed(() => ['rules', level().base, 'calendar-now']),
    enabled: computed(() => level().kind === 'property'),
    refetchInterval: 60_000,
    queryFn: ({ signal }) => call<CalendarState>('GET', `${level().base}/calendar`, undefined, { signal }),
  })
}

export function useAlarmPlans(level: () => Level) {
  return useQuery({
    queryKey: computed(() => ['rules', level().base, 'alarm-plans']),
    queryFn: async ({ signal }) =>
      (await call<AlarmPlanPage>('GET', `${level().base}/alarm-plans${queryText({ limit: ALL })}`, undefined, { signal })).items,
  })
}

export function useTemplates(level: () => Level) {
  return useQuery({
    queryKey: computed(() => ['rules', level().base, 'templates']),
    queryFn: async ({ signal }) =>
      (await call<TemplatePage>('GET', `${level().base}/templates${queryText({ limit: ALL })}`, undefined, { signal })).items,
  })
}

export function useRetention(property: () => string) {
  return useQuery({
    queryKey: computed(() => ['rules', `/properties/${property()}`, 'retention']),
    queryFn: ({ signal }) => call<Retention>('GET', `/properties/${property()}/retention`, undefined, { signal }),
  })
}

export function useGroup(id: () => string | null) {
  return useQuery({
    queryKey: computed(() => ['rules', `/groups/${id() ?? ''}`, 'itself']),
    enabled: computed(() => id() !== null),
    queryFn: ({ signal }) => call<Group>('GET', `/groups/${id()}`, undefined, { signal }),
  })
}

type TemplateName = Pick<Template, 'kind' | 'lang' | 'channel'>

const pathOf = ({ kind, lang, channel }: TemplateName): string => `/templates/${kind}/${lang}/${channel}`

export function useRuleActs(level: () => Level) {
  const queries = useQueryClient()
  const properties = usePropertyStore()

  /** A rule of the group also shows in its properties: all of them are asked for again. */
  async function renewed<T>(act: Promise<T>): Promise<T> {
    const result = await act
    await queries.invalidateQueries({ queryKey: ['rules'] })
    return result
  }

  const at = (version: number) => ({ ifMatch: versionTag(version) })

  return {
    addCalendar: (name: string, key: string) =>
      renewed(call<Calendar>('POST', `${level().base}/calendars`, { name }, { idempotencyKey: key })),
    editCalendar: (calendar: Calendar, changes: CalendarEdit) =>
      renewed(call<Calendar>('PATCH', `${level().base}/calendars/${calendar.id}`, changes, at(calendar.version))),
    removeCalendar: (calendar: Calendar) =>
      renewed(call<void>('DELETE', `${level().base}/calendars/${calendar.id}`, undefined, at(calendar.version))),
    editPlan: (code: string, version: number, changes: AlarmPlanEdit) =>
      renewed(call<AlarmPlan>('PATCH', `${level().base}/alarm-plans/${code}`, changes, at(version))),
    resetPlan: (plan: AlarmPlan) =>
      renewed(call<void>('DELETE', `${level().base}/alarm-plans/${plan.code}`, undefined, at(plan.version))),
    editTemplate: (template: Template, body: string, provider_id: string) =>
      renewed(call<Template>('PATCH', level().base + pathOf(template), { body, provider_id }, at(template.version))),
    resetTemplate: (template: Template) =>
      renewed(call<void>('DELETE', level().base + pathOf(template), undefined, at(template.version))),
    tryTemplate: (template: TemplateName, body: string, key: string, signal?: AbortSignal) =>
      call<TemplatePreview>('POST', `${level().base}${pathOf(template)}/preview`, { body }, { idempotencyKey: key, signal }),
    editRetention: (version: number, changes: RetentionEdit) =>
      renewed(call<Retention>('PATCH', `${level().base}/retention`, changes, at(version))),
    editGroup: (group: Group, changes: GroupEdit) => renewed(call<Group>('PATCH', `/groups/${group.id}`, changes, at(group.version))),
    editProperty: async (property: Property, changes: PropertyEdit) => {
      const edited = await renewed(call<Property>('PATCH', `/properties/${property.slug}`, changes, at(property.version)))
      await properties.show(edited.slug)
      return edited
    },
  }
}

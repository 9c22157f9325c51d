// The schema of experiment files, looked at from outside: which keys stand where, which of them are times. For hints, sweeps and writing files.
import * as z from 'zod'
import { manifestSchema } from './manifest.ts'

export type Path = readonly (string | number)[]

/** A path as people write it: `faults[2].delay.by`. */
export const pathText = (path: Path): string =>
  path.map((part, at) => (typeof part === 'number' ? `[${part}]` : at === 0 ? part : `.${part}`)).join('')

type Kind = 'time' | 'signed time' | undefined

/** The schema inside defaults and transforms, and whether it is written as a time. */
function bare(schema: z.core.$ZodType): { readonly inner: z.core.$ZodType; readonly kind: Kind } {
  let inner = schema
  let kind: Kind
  for (;;) {
    const { description } = z.globalRegistry.get(inner) ?? {}
    if (description === 'time' || description === 'signed time') kind = description
    if (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault)
      inner = inner.def.innerType
    else if (inner instanceof z.ZodPipe) inner = inner.def.in
    else return { inner, kind }
  }
}

function innerSchemas(schema: z.core.$ZodType, part: string | number): z.core.$ZodType[] {
  const { inner } = bare(schema)
  if (inner instanceof z.ZodUnion) return inner.options.flatMap(option => innerSchemas(option, part))
  if (inner instanceof z.ZodObject) return Object.hasOwn(inner.shape, part) ? [inner.shape[part]] : []
  if (inner instanceof z.ZodRecord) return [inner.valueType]
  if (inner instanceof z.ZodArray) return typeof part === 'number' ? [inner.element] : []
  if (inner instanceof z.ZodTuple) return typeof part === 'number' ? inner.def.items.slice(part, part + 1) : []
  return []
}

/** What may stand at a place of the file; several where the schema leaves a choice, none where nothing may. */
const schemasAt = (path: Path): z.core.$ZodType[] =>
  path.reduce<z.core.$ZodType[]>(
    (schemas, part) => schemas.flatMap(schema => innerSchemas(schema, part)),
    [manifestSchema],
  )

function keysOf(schema: z.core.$ZodType): string[] {
  const { inner } = bare(schema)
  if (inner instanceof z.ZodUnion) return inner.options.flatMap(keysOf)
  if (inner instanceof z.ZodObject) return Object.keys(inner.shape)
  if (inner instanceof z.ZodRecord && inner.keyType instanceof z.ZodEnum) return inner.keyType.options.map(String)
  return []
}

/** Keys that may stand under a path; empty where they are free. */
export const keysAt = (path: Path): readonly string[] => schemasAt(path).flatMap(keysOf)

/** Whether what stands at a path is written with a unit of time, and with a sign. */
export const timeAt = (path: Path): Kind =>
  schemasAt(path)
    .map(schema => bare(schema).kind)
    .find(kind => kind)

const isScalar = ({ inner }: { readonly inner: z.core.$ZodType }): boolean =>
  inner instanceof z.ZodNumber ||
  inner instanceof z.ZodString ||
  inner instanceof z.ZodBoolean ||
  inner instanceof z.ZodEnum ||
  inner instanceof z.ZodLiteral ||
  (inner instanceof z.ZodUnion && inner.options.some(option => isScalar(bare(option))))

/** True where one value stands at the path, which a sweep can vary. */
export const isScalarAt = (path: Path): boolean => schemasAt(path).some(schema => isScalar(bare(schema)))

const minuteMs = 60_000
const secondMs = 1_000

/** Milliseconds as files have them: "250ms", "5s", "2m". */
export function timeText(milliseconds: number): string {
  if (milliseconds !== 0 && milliseconds % minuteMs === 0) return `${milliseconds / minuteMs}m`
  return milliseconds % secondMs === 0 ? `${milliseconds / secondMs}s` : `${milliseconds}ms`
}

// JSON Schema of what services take and give: the parts that routes are described with, and how a fault against them is told.
import type { FastifySchemaValidationError } from 'fastify'
import { errorCodes, MupibError } from '../../proto/errors.ts'

export const hex = (bytes: number) => ({ type: 'string', pattern: `^[0-9a-f]{${2 * bytes}}$` }) as const
export const anyHex = (bytesMax: number) =>
  ({ type: 'string', pattern: '^([0-9a-f]{2})+$', maxLength: 2 * bytesMax }) as const
export const amount = { type: 'string', pattern: '^(0|[1-9][0-9]{0,18})$', description: 'minor units' } as const
export const signedAmount = { type: 'string', pattern: '^(0|-?[1-9][0-9]{0,18})$', description: 'minor units' } as const
export const time = { type: 'string', format: 'date-time' } as const
export const count = { type: 'integer', minimum: 0 } as const
export const text = { type: 'string' } as const
export const number = { type: 'integer', minimum: 1 } as const

/** An object with exactly these properties; those of `optional` may be absent. */
export function object<T extends Record<string, object>>(required: T, optional: Record<string, object> = {}) {
  return {
    type: 'object',
    additionalProperties: false,
    required: Object.keys(required),
    properties: { ...required, ...optional },
  }
}

export const list = (items: object, most?: number, least = 0) => ({
  type: 'array',
  items,
  minItems: least,
  ...(most === undefined ? {} : { maxItems: most }),
})

const error = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: { code: { type: 'string', enum: errorCodes }, message: text, hint: text, field: text },
    },
  },
}

export const proof = { type: 'object', description: 'a proof file: mupib verify', additionalProperties: true }

/** A route: what it takes, and what it answers. */
export const route = (
  summary: string,
  answer: object,
  request: { body?: object; querystring?: object; params?: object } = {},
) => ({ summary, ...request, response: { 200: answer, default: error } })

/** A fault against a schema, as any other bad input. */
export function schemaFault(faults: readonly FastifySchemaValidationError[], part: string): MupibError {
  const [fault] = faults
  const { missingProperty, additionalProperty } = (fault?.params ?? {}) as Record<string, string | undefined>
  const path = (fault?.instancePath ?? '').split('/').filter(name => name !== '')
  const field = [...path, missingProperty ?? additionalProperty].filter(name => name !== undefined).join('.')
  const what = additionalProperty === undefined ? (fault?.message ?? 'is wrong') : 'is not known here'
  const where = field === '' ? part : `${part}: ${field}`
  return new MupibError('bad_input', `${where} ${what}`, field === '' ? {} : { field })
}

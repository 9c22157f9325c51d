// Speaking to services of ours over HTTP: JSON both ways, and their errors come back as what they were.
import { type ErrorCode, errorCodes, MupibError } from '../../proto/errors.ts'
import { toJson } from './output.ts'

/** Milliseconds after which a service that took a request and says nothing counts as not answering. */
const answerTimeoutMs = 120_000

function errorOf(status: number, body: unknown, url: string): MupibError {
  const error = (body as { error?: Record<string, unknown> } | undefined)?.error
  const code = errorCodes.find(known => known === error?.code)
  if (error === undefined || code === undefined)
    return new MupibError('unreachable', `${url} answers ${status} and is none of our services`)
  const { code: _, message, hint, ...fields } = error
  return new MupibError(code as ErrorCode, String(message), {
    ...fields,
    ...(typeof hint === 'string' ? { hint } : {}),
  })
}

/**
 * Calls a service: `call(run.http, 'POST', '/flush', {})`. Throws the service's own error, `unreachable` where nothing answers, `timeout`.
 */
export async function call<T>(base: string, method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> {
  const url = new URL(path, base).href
  let response: Response
  let text: string
  try {
    response = await fetch(url, {
      method,
      signal: AbortSignal.timeout(answerTimeoutMs),
      ...(body === undefined ? {} : { body: toJson(body), headers: { 'content-type': 'application/json' } }),
    })
    text = await response.text()
  } catch (error) {
    if (error instanceof Error && error.name === 'TimeoutError')
      throw new MupibError('timeout', `${url} took the request and did not answer`, { cause: error })
    throw new MupibError('unreachable', `nothing answers at ${base}`, { hint: 'is it running?', cause: error })
  }
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    parsed = undefined
  }
  if (!response.ok || parsed === undefined) throw errorOf(response.status, parsed, url)
  return parsed as T
}

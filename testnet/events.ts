// Listening to a validator's /events (server-sent events, WHATWG HTML section 9.2), so that nobody has to ask again and again.
import { MupibError } from '../proto/errors.ts'

/** One event; the first after connecting is of type `status` and holds the whole status. */
export interface NodeEvent {
  readonly type: string
  readonly [field: string]: unknown
}

/** The events of a node until the signal aborts or the node ends. Throws `unreachable` where nothing answers. */
export async function* nodeEvents(http: string, signal: AbortSignal): AsyncGenerator<NodeEvent> {
  let response: Response
  try {
    response = await fetch(new URL('/events', http), { signal })
  } catch (error) {
    if (signal.aborted) return
    throw new MupibError('unreachable', `nothing answers at ${http}`, { cause: error })
  }
  if (!response.ok || !response.body) throw new MupibError('unreachable', `${http}/events answers ${response.status}`)
  let rest = ''
  try {
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      const messages = (rest + chunk).split('\n\n')
      rest = messages.pop() ?? ''
      for (const message of messages) {
        const data = message.split('\n').find(line => line.startsWith('data: '))
        if (data) yield JSON.parse(data.slice('data: '.length)) as NodeEvent
      }
    }
  } catch (error) {
    // a killed node resets the connection: for a listener that is the end of its events
    if (!signal.aborted && !(error instanceof TypeError)) throw error
  }
}

// yamux grants new window after every data frame that it receives: one more encrypted write, and a wake-up of the peer, for each
// message. Half of what a validator wrote was that. Granting once half the window is used keeps the peer going just as well.
import type { Stream } from '@libp2p/interface'

/** What yamux 8 streams have beside libp2p's interface. */
interface WindowedStream {
  readonly state: number
  readonly recvWindow: number
  readonly recvWindowCapacity: number
  sendWindowUpdate(): void
}

// Before this state a window update carries the flags that open the stream.
const established = 3

function isWindowed(stream: object): stream is WindowedStream {
  return 'sendWindowUpdate' in stream && 'recvWindow' in stream && 'recvWindowCapacity' in stream && 'state' in stream
}

/** Makes a stream grant window only when half of it is used. Another muxer's stream, or another yamux, is left as it is. */
export function grantSparingly(stream: Stream): void {
  if (!isWindowed(stream)) return
  const grant = stream.sendWindowUpdate.bind(stream)
  stream.sendWindowUpdate = () => {
    if (stream.state === established && stream.recvWindowCapacity * 2 > stream.recvWindow) return
    grant()
  }
}

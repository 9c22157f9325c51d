// Noise sends each packet as two buffers, length and ciphertext, and libp2p's TCP writes each buffer by itself: two system calls here and,
// without Nagle's algorithm, two wake-ups of the peer for every message. Joined before they reach the socket they are one.
import type { ConnectionEncrypter, MessageStream } from '@libp2p/interface'

function joinWrites<S extends MessageStream>(stream: S): S {
  const send = stream.send.bind(stream)
  stream.send = data => send(data instanceof Uint8Array ? data : data.subarray())
  return stream
}

/** The same encrypter over connections that write each packet at once. */
export function withJoinedWrites<C>(
  create: (components: C) => ConnectionEncrypter,
): (components: C) => ConnectionEncrypter {
  return components => {
    const encrypter = create(components)
    return {
      protocol: encrypter.protocol,
      secureInbound: (stream, options) => encrypter.secureInbound(joinWrites(stream), options),
      secureOutbound: (stream, options) => encrypter.secureOutbound(joinWrites(stream), options),
    }
  }
}

// Two whole nodes connect, talk and stop; the process then has to end by itself. Run by host.test.ts.

import { createGossip } from './gossip.ts'
import { createHost } from './host.ts'
import { createLinks } from './links.ts'
import { createRedialer } from './redial.ts'
import { createRequests } from './requests.ts'
import { createSessionServer } from './sessions.ts'

async function createNode(number: number, onLinkUp: () => void) {
  const host = await createHost({
    privateKey: new Uint8Array(32).fill(number),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    networkTag: 'stop',
    isAdmitted: () => 'validator',
  })
  const links = await createLinks({ host, random: Math.random, onFrame: () => {}, onLinkUp })
  const requests = await createRequests({ host, random: Math.random, onRequest: async () => Uint8Array.of(1) })
  const sessions = await createSessionServer({ host, onSession: () => ({ onFrame: () => {} }) })
  const gossip = await createGossip({ host, topics: ['blocks'], onMessage: () => {} })
  await host.start()
  await gossip.start()
  return { host, parts: [gossip, sessions, requests, links, host] }
}

let onUp = (): void => {}
const isUp = new Promise<void>(resolve => {
  onUp = resolve
})
const a = await createNode(1, onUp)
const b = await createNode(2, () => {})
const peers = [{ peerId: b.host.peerId, multiaddrs: b.host.multiaddrs() }]
const redialer = createRedialer({ host: a.host, peers, isMutual: false, random: Math.random })
await isUp
redialer.stop()
for (const part of [...a.parts, ...b.parts]) await part.stop()
process.stdout.write('stopped\n')
// a handle that is left keeps the process; this timer does not, and tells on it
setTimeout(() => process.exit(3), 3_000).unref()

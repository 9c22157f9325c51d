// A process of its own that is the vendor of a benchmark: started by channel.ts, ends with it. The ledger is not part of it: every session that
// the vendor accepts counts as opened.
import { ChannelStore } from '../../cli/channel/store.ts'
import { ChannelVendor } from '../../cli/channel/vendor.ts'
import { createHost } from '../../node/network/host.ts'
import { openLevelDatabase } from '../../node/store/level-database.ts'
import { bytesOfHex, fromHex, toHex } from '../../proto/bytes.ts'
import { sha256, zeroDigest } from '../../proto/hash.ts'
import { signingKeyFromSeed } from '../../proto/keys.ts'
import { decodeTerms } from '../../proto/session/terms.ts'

/** What the vendor is told: the name of its network, its folder, and how many locks it checks at once. */
export interface VendorOrder {
  readonly networkTag: string
  readonly folder: string
  readonly lockBatch: number
}

/** A session that it is to accept. */
export interface Acceptance {
  readonly terms: string
  readonly client: string
}

/** What it answers: where it is, its signature, or how much processor time it has used. */
export type VendorReport =
  | { readonly signature: string }
  | { readonly multiaddrs: readonly string[]; readonly publicKey: string }
  | { readonly cpuSeconds: number }

const seed = sha256(Buffer.from('the vendor of a benchmark'))
const content = new Uint8Array(32)

async function run({ networkTag, folder, lockBatch }: VendorOrder): Promise<void> {
  const key = signingKeyFromSeed(seed)
  const host = await createHost({
    privateKey: seed,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    networkTag,
    isAdmitted: () => 'user',
  })
  const store = new ChannelStore(await openLevelDatabase(folder, { genesisHash: bytesOfHex(zeroDigest) }))
  const vendor = new ChannelVendor({
    host,
    store,
    key,
    lockBatch,
    now: () => Date.now(),
    stateOf: () => 'open',
    deliver: () => content,
    onClaim: () => {},
  })
  await vendor.start()
  await host.start()
  process.on('message', (order: Acceptance | string) => {
    if (typeof order === 'object' && 'terms' in order)
      void vendor
        .accept(decodeTerms(fromHex(order.terms)), fromHex(order.client))
        .then(signature => tell({ signature: toHex(signature) }))
  })
  tell({ multiaddrs: host.multiaddrs(), publicKey: Buffer.from(key.publicKey).toString('hex') })
}

const tell = (report: VendorReport): void => {
  process.send?.(report)
}

process.on('message', (order: VendorOrder | Acceptance | 'report') => {
  if (order === 'report') {
    const { user, system } = process.cpuUsage()
    tell({ cpuSeconds: (user + system) / 1e6 })
  } else if ('folder' in order) void run(order)
})
process.on('disconnect', () => process.exit(0))

// A user who shops without end, as a process that may be killed at any moment: `shopper.ts WALLET-FOLDER SEED VENDOR…`. It takes up what was open,
// then withdraws and buys until its parent says stop; the last line it sends tells what the wallet holds then.
import { openWalletHome } from '../../cli/user/home.ts'
import { Wallet } from '../../cli/user/wallet.ts'
import { MupibError } from '../../proto/errors.ts'
import { SeededRandom } from '../random.ts'

const [folder = '', seed = '0', ...vendors] = process.argv.slice(2)
const random = new SeededRandom(Number(seed))
/** Tokens of one order, and how few are left when the next is made. */
const orderTokens = 60
const orderBelow = 20
/** How long a payment runs, in milliseconds: long enough for a service that is being restarted. */
const deadlineMs = 20_000
/** After a service did not answer: it is being restarted. */
const retryMs = 200

/** What a shopper tells of itself when it has stopped. */
export interface ShopperReport {
  /** Tokens by what the wallet thinks of them. */
  readonly free: readonly string[]
  readonly delivered: readonly string[]
  readonly totals: Readonly<Record<string, number>>
}

let isStopping = false
process.on('message', () => {
  isStopping = true
})

const pause = (): Promise<void> => new Promise(resolve => setTimeout(resolve, retryMs))

/** Does something until no service stands in its way. */
async function insist(work: () => Promise<boolean>): Promise<void> {
  for (;;) {
    try {
      if (await work()) return
    } catch (error) {
      if (!(error instanceof MupibError) || error.code === 'bug') throw error
    }
    await pause()
  }
}

const wallet = await Wallet.open({ home: openWalletHome(folder) })

const recoverAll = (): Promise<void> =>
  insist(async () => {
    await wallet.recover()
    return wallet.book.openEntries.length === 0
  })

const freeTokens = () => [...wallet.book.tokens.values()].filter(({ state }) => state.kind === 'free')

await recoverAll()
process.send!({ type: 'ready' })
while (!isStopping) {
  try {
    if (freeTokens().length < orderBelow) await wallet.withdraw(orderTokens)
    const price = BigInt(random.integer(1, 9))
    await wallet.pay({ vendor: random.pick(vendors), item: `item at ${price}`, price, deadlineMs })
  } catch (error) {
    if (!(error instanceof MupibError) || error.code === 'bug') throw error
    await pause()
  }
  // what was left open is not left behind: it is taken up between purchases as well
  if (wallet.book.openEntries.length > 8) await wallet.recover()
}
await recoverAll()
const history = await wallet.history(1_000_000)
const report: ShopperReport = {
  free: freeTokens().map(({ group, index }) => `${group.publication}-${index}`),
  delivered: history.flatMap(entry => (entry.kind === 'payment' && entry.state === 'delivered' ? [entry.digest] : [])),
  totals: { ...wallet.book.totals },
}
process.send!({ type: 'report', report })
await wallet.close()
process.disconnect()

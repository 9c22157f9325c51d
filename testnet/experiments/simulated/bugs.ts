// Bugs planted in ledger, storage, bank and auditor: each breaks one duty from outside of the real rules, and the checkers must find it in a history.
// A checker counts only if it can fail.
import type { Manifest } from '../manifest.ts'
import { manifestSchema } from '../manifest.ts'
import { burnsAltered, forgetsPendingBlock, ignoresExpiry, reordersByNode, takesRevoked } from './ledger-bugs.ts'
import type { PlantedBug } from './planted.ts'

type Faults = Manifest['faults']

/** The faults of a file, read as they stand there. */
const faultsOf = (faults: readonly object[]): Faults =>
  manifestSchema.parse({ name: 'wished', title: 'wished', faults }).faults

/** No liars and quick blocks, so that the schedule is about one thing. */
const about =
  (faults: readonly object[], load: Partial<Manifest['load']> = {}) =>
  (manifest: Manifest): Manifest => ({
    ...manifest,
    network: { ...manifest.network, byzantine: {} },
    load: { ...manifest.load, sessions: undefined, ...load },
    faults: faultsOf(faults),
  })

const noCheats = { doubleSpend: 0, altered: 0, forged: 0, doubleSelling: 0, twoVendors: 0 }
const often = (what: object): object[] => [{ every: '350ms', for: '60ms', ...what }]

const twoAuditors =
  (wish: (manifest: Manifest) => Manifest) =>
  (manifest: Manifest): Manifest =>
    wish({ ...manifest, network: { ...manifest.network, auditors: 2 } })

/** Sessions, so that there is something to go wrong in them. */
const sessionsOf = (sessions: object): Partial<Manifest['load']> => ({
  sessions: manifestSchema.parse({ name: 'wished', title: 'wished', load: { sessions } }).load.sessions,
})

const quickSessions = { count: 1, rate: 40, payments: 8, lasts: '11s' }

/** All planted bugs beside those of the vote. `wish` asks for the kind of schedule that brings a bug out. */
export const plantedBugs: readonly PlantedBug[] = [
  {
    name: 'pending-block-forgotten',
    summary: 'the duplicate check looks at the last final state, not at the blocks above it',
    ledger: { execute: forgetsPendingBlock },
    wish: twoAuditors(about([], { blockSize: 2, rate: 25, cheats: { ...noCheats, twoVendors: 0.6 } })),
  },
  {
    name: 'altered-token-burns-serial',
    summary: 'an altered token uses up the serial of the one that it was made from',
    ledger: { execute: burnsAltered },
    wish: about([], { cheats: { ...noCheats, altered: 0.2 } }),
  },
  {
    name: 'revoked-auditor-accepted',
    summary: 'a dead certificate goes on signing token blocks',
    ledger: { execute: takesRevoked },
    wish: about([{ at: '300ms', revoke: { member: 'auditor' } }]),
  },
  {
    name: 'expiry-not-checked',
    summary: 'tokens are consumed after their expiry',
    ledger: { execute: ignoresExpiry },
    isShortLived: true,
    wish: about([{ at: '100ms', for: '2s', kill: { nodes: 'auditor' } }]),
  },
  {
    name: 'records-reordered',
    summary: 'nodes run the records of a block in different orders',
    ledger: { execute: reordersByNode },
    wish: twoAuditors(about([], { blockSize: 2, rate: 25 })),
  },
  {
    name: 'last-block-lost-at-start',
    summary: 'a node that starts reads its state without the last block',
    ledger: { restore: state => state.withoutNewest() },
    wish: about([{ at: '300ms', every: '500ms', for: '60ms', powerLoss: { nodes: 'v1' } }]),
  },
  {
    name: 'redeemed-twice',
    summary: 'the bank pays for a block whenever an auditor asks',
    bank: { redeemsTwice: true },
    wish: about([{ for: '5s', loss: { rate: 0.3 } }]),
  },
  {
    name: 'refund-before-verdict',
    summary: 'the bank refunds tokens as they come back, before the ledger has taken them',
    bank: { refundsAtOnce: true },
    wish: about([]),
  },
  {
    name: 'publication-not-persisted',
    summary: 'the bank submits a publication that is only in memory',
    bank: { isHasty: true },
    wish: about([{ every: '110ms', for: '20ms', powerLoss: { nodes: 'bank' } }]),
  },
  {
    name: 'own-judgement',
    summary: 'the auditor takes its tokens for consumed, whatever the verdict says',
    auditor: { judgesItself: true },
    wish: about([], { cheats: { ...noCheats, altered: 0.2 } }),
  },
  {
    name: 'waiting-payment-forgotten',
    summary: 'an auditor that stops forgets the payments that no block has decided',
    auditor: { forgetsWaiting: true },
    wish: about(often({ kill: { nodes: 'auditor' } })),
  },
  {
    name: 'settled-again',
    summary: 'after a start the auditor settles what is queued once more',
    auditor: { settlesAgain: true },
    wish: about(often({ kill: { nodes: 'auditor' } })),
  },
  {
    name: 'trust-ignored',
    summary: 'the block size stays as it was after a bad verdict',
    auditor: { ignoresTrust: true },
    wish: about([], { blockSize: 8, rate: 20, cheats: { ...noCheats, altered: 0.2, doubleSpend: 0.2 } }),
  },
  {
    name: 'session-overpaid',
    summary: 'the bank pays a vendor for one payment more than the ledger certified',
    bank: { paysTooMuch: true },
    wish: about([], sessionsOf({ ...quickSessions, client: 'vanishes' })),
  },
  {
    name: 'close-unanswered',
    summary: 'the till does not look at what the ledger says of its sessions',
    till: { ignoresLedger: true },
    wish: about([], sessionsOf({ ...quickSessions, lasts: '13s', window: '1s', client: 'closes-old' })),
  },
]

export const plantedBugNamed = (name: string): PlantedBug | undefined => plantedBugs.find(bug => bug.name === name)

// What was seen of a run, from outside: what nodes made final and answered, what clients asked for and were told, what was broken when. Checkers and
// reports look at this and at nothing else. Both engines write it; a file holds one event in each line.
import type { Reason, SessionState, SettledBy, Use, Verdict } from '../../proto/verdict.ts'
import type { ClientBehaviour, VendorBehaviour } from '../dishonest/index.ts'
import type { ActionName, InvariantId } from './manifest.ts'

/** Money in tokens' worth, as the books of bank, auditors and vendors and the wallets have it when everything has settled. */
export interface MoneySeen {
  /** Tokens by what became of them; `issued` is the sum of the others where nothing was lost. */
  readonly issued: number
  readonly held: number
  readonly queued: number
  readonly consumedUnredeemed: number
  readonly redeemed: number
  readonly takenBack: number
  readonly expiredUnspent: number
  /** Further accounts that have to balance, each named, with both sides in minor units as decimal strings. */
  readonly books: readonly { readonly name: string; readonly left: string; readonly right: string }[]
}

/** A decided token block, as far as the auditor's trust goes. Numbers of tokens. */
export interface BlockSeen {
  /** The user's key in hex. */
  readonly user: string
  readonly tokens: number
  /** Of the payment that waited for the verdict; 0 where none did. */
  readonly pending: number
  readonly gammaBefore: number
  readonly gammaAfter: number
  /** W0, in an auditor's first block for a user. */
  readonly w0: number | undefined
}

/** A token that a client tried to spend, and what the ledger said of it. */
export interface TokenSpent {
  /** BANK-PUBLICATION-INDEX. */
  readonly serial: string
  /** Names the spending: two of the same token under one name are one and the same, repeated. */
  readonly payload: string
  readonly verdict: Verdict | undefined
  /** Why; of a 00 that leaves it out, that the token was unpublished or its payment decided in part before. */
  readonly reason?: Reason | undefined
  /** Of an 11; left out, it is consumed. */
  readonly use?: Use | undefined
  /** Of a 10: the record that consumed it. */
  readonly firstUse?: string | undefined
}

/** `ok`: decided. `refused`: certainly without effect. `unknown`: no answer came; it may have happened, may happen yet, or never. */
export type CallResult = 'ok' | 'refused' | 'unknown'

export type Seen =
  | { readonly type: 'phase'; readonly phase: 'warmUp' | 'faults' | 'healed' | 'settled' | 'ends' }
  /** `lastsMs` where it is known before; a fault that this engine cannot give is `skipped`, with the reason in `text`. */
  | {
      readonly type: 'fault'
      readonly fault: number
      readonly action: ActionName
      readonly edge: 'begins' | 'ends' | 'skipped'
      readonly nodes: readonly string[]
      readonly text: string
    }
  /** A node made a block final (told of once for each node and height; again after a restart only where it differs). */
  | {
      readonly type: 'final'
      readonly node: string
      readonly height: number
      readonly view: number
      readonly digest: string
      readonly parent: string
      readonly stateRoot: string
      readonly verdictRoot: string
      /** Of the ledger block, in milliseconds since 1970. */
      readonly time: number
      readonly records: readonly string[]
      readonly verdicts: Readonly<Record<Verdict, number>>
    }
  /** A record in a final block: whose, and whether its signer was entitled at that height, by membership as the run knows it. */
  | {
      readonly type: 'record'
      readonly digest: string
      readonly kind: string
      readonly signer: string
      readonly role: string
      readonly number: number
      readonly height: number
      readonly refusal: string | undefined
      /** Height of the record that ended the signer's right; it counts from the next height on. */
      readonly revokedAt?: number | undefined
      /** Serials that the record consumed, as a node's own ledger has it. */
      readonly consumed?: readonly string[] | undefined
      /** Of a publication: the ledger refuses its tokens after this, in milliseconds since 1970. */
      readonly expiry?: number | undefined
      /** Of a token block: whose it is, how much of it waited for the verdict, and what the user is charged for. */
      readonly block?: BlockSeen | undefined
    }
  /** A vote or a proposal that a node sent. */
  | {
      readonly type: 'signed'
      readonly node: string
      readonly view: number
      readonly kind: 'notarize' | 'nullify' | 'finalize' | 'proposal'
      readonly digest: string
      readonly outcome: string
    }
  /** Somebody holds evidence that this validator signed two things of which it may sign one. */
  | { readonly type: 'accused'; readonly node: string; readonly by: string }
  | {
      readonly type: 'life'
      readonly node: string
      readonly state: 'starts' | 'ready' | 'ends' | 'paused' | 'resumed' | 'mute' | 'votes' | 'refuses'
      /** Stable code where it refuses to run or to vote. */
      readonly code: string | undefined
    }
  | {
      readonly type: 'sample'
      readonly node: string
      readonly height: number
      readonly view: number
      readonly state: string
      readonly rssBytes: number | undefined
      readonly descriptors: number | undefined
      readonly pending: number | undefined
    }
  /** A client hands a record with token spends to the ledger; the record's bytes are the same each time it is repeated. */
  | {
      readonly type: 'invoke'
      readonly call: number
      readonly client: string
      readonly record: string
      readonly kind: 'publication' | 'tokenBlock' | 'return'
      readonly tokens: readonly Omit<TokenSpent, 'verdict'>[]
    }
  | {
      readonly type: 'return'
      readonly call: number
      readonly result: CallResult
      readonly code: string | undefined
      readonly height: number | undefined
      readonly tokens: readonly TokenSpent[]
    }
  /** A payment as its user and vendor have it. `waitedMs` counts from handing it over to the vendor's last word. */
  | {
      readonly type: 'payment'
      readonly user: string
      readonly vendor: string
      readonly payment: string
      readonly tokens: number
      readonly behaviour: string
      readonly outcome: 'delivered' | 'rejected' | 'unknown'
      readonly waited: boolean
      readonly waitedMs: number
    }
  /** Bad bytes or a false answer were found (or, with `served`, were not: somebody was given them). */
  | {
      readonly type: 'damage'
      readonly node: string
      readonly file: string
      readonly found: 'at start' | 'on read' | 'by check' | 'harmless' | 'served'
      readonly text: string
    }
  /** At the end: what a node's own store holds, read from it after everything stopped. */
  | {
      readonly type: 'store'
      readonly node: string
      readonly height: number
      readonly stateRoot: string
      /** Digest of everything that equal nodes must have equal: chain, answers, state. */
      readonly content: string
      readonly check: 'sound' | 'damaged' | 'unread'
    }
  /** At the end: what a node answers for a record that some client had a certified answer to. */
  | {
      readonly type: 'read'
      readonly node: string
      readonly record: string
      /** Digest over verdict and transaction verdicts; undefined where the node does not have it. */
      readonly answer: string | undefined
    }
  /** What a client was given for a record, under a certificate that it verified. */
  | { readonly type: 'acknowledged'; readonly client: string; readonly record: string; readonly answer: string }
  | { readonly type: 'money'; readonly money: MoneySeen }
  /** The auditor's insurance book at the end, in minor units as decimal strings. */
  | {
      readonly type: 'insurance'
      readonly auditor: string
      readonly loss: string
      readonly withheld: string
      readonly deficit: string
    }
  /** A client and the till agreed on a session. Money in minor units as decimal strings, here and below. */
  | {
      readonly type: 'session'
      readonly session: string
      readonly client: string
      readonly till: string
      readonly clientIs: ClientBehaviour
      readonly tillIs: VendorBehaviour
      readonly unit: string
      readonly paymentsMax: number
    }
  /** How the ledger certified that a session stands. */
  | {
      readonly type: 'standing'
      readonly session: string
      readonly state: SessionState
      readonly by: SettledBy
      readonly index: number
      readonly paid: string
      readonly returned: string
      readonly contestedAt: number | undefined
    }
  /** A party of a session was refused something, with the other's stable code. */
  | {
      readonly type: 'denied'
      readonly session: string
      readonly party: string
      readonly by: string
      readonly code: string
    }
  /** At the end: the last payment that the client made, the last unit that arrived there, and the last one that the till delivered. */
  | {
      readonly type: 'service'
      readonly session: string
      readonly made: number
      readonly arrived: number
      readonly delivered: number
    }
  /** At the end, by the bank's books: what was put aside for a session, what left it to whom, and what is still there. */
  | {
      readonly type: 'escrow'
      readonly session: string
      readonly escrowed: string
      readonly paid: string
      readonly returned: string
      readonly held: string
    }
  /** At the end, told by the bank: a party of sessions, what it had at first and what it has, and what the bank thinks of it. */
  | {
      readonly type: 'account'
      readonly party: string
      readonly deposited: string
      readonly balance: string
      readonly reputation: number
    }
  /** A fault of the run itself that a checker cannot see from outside (a bug in a process's log, a core that threw). */
  | { readonly type: 'bug'; readonly node: string; readonly text: string }

/** What was seen, and when: milliseconds since the run began (virtual ones in a simulation). */
export type HistoryEvent = { readonly at: number } & Seen

/** A run to be checked. Node names of adversaries are those whose word counts for nothing. */
export interface Run {
  readonly engine: 'simulated' | 'real'
  readonly validators: readonly string[]
  readonly adversaries: readonly string[]
  /** Validators that were dead or damaged for good when faults ended: they need not catch up. */
  readonly lost: readonly string[]
  /** View timeout and the longest pause between two dials, in milliseconds. */
  readonly timeoutMs: number
  readonly redialCapMs: number
  readonly history: readonly HistoryEvent[]
}

/** What a checker found. */
export interface Finding {
  readonly invariant: InvariantId
  /** The rule, for people. */
  readonly rule: string
  /** `idle`: nothing in the run put it to the test. */
  readonly verdict: 'holds' | 'broken' | 'idle'
  /** How many observations it looked at. */
  readonly checked: number
  /** What is wrong, or on what it rests; the first few. */
  readonly evidence: readonly string[]
}

/** An independent checker of one rule: a pure function of what was seen. */
export type Checker = (run: Run) => Finding

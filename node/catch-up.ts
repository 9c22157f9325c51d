// A node that is behind fetches runs of final blocks, each with one certificate at its end, and verifies, executes and stores them.
import type { FinalBlock, Input } from '../consensus/types.ts'
import { type Block, type Certificate, decodeBlock, decodeCertificate } from '../proto/chain.ts'
import { MupibError } from '../proto/errors.ts'
import { limits } from '../proto/limits.ts'
import { decodeRecord, type SignedRecord, verifyRecord } from '../proto/records.ts'
import type { FetchResponse } from '../proto/wire/codec.ts'
import type { Application, Commit } from './application.ts'
import { codeOf, isSendersFault } from './faults.ts'
import type { Attempt, Fetcher } from './fetcher.ts'
import { checkForm } from './ledger/form.ts'
import type { SignatureVerifier } from './signatures.ts'
import type { WriteOp } from './store/database.ts'

export interface CatchUpPorts {
  readonly network: string
  readonly application: Application
  readonly fetcher: Fetcher
  readonly signatures: SignatureVerifier
  /** Stores the bytes of records with the blocks that hold them. */
  recordOperations(signed: SignedRecord): WriteOp[]
  write(operations: WriteOp[]): Promise<void>
  /** What follows a commit: journal pruned, pool emptied, clients told. Returns operations for the same batch. */
  committing(commit: Commit): WriteOp[]
  committed(commit: Commit): void
  /** Runs between two turns of the consensus loop and hands it the inputs. */
  exclusive(task: () => Promise<readonly Input[]>): void
  blame(peer: number, reason: string): void
  progress(height: number, target: number): void
}

interface Run {
  readonly blocks: readonly { readonly block: Block; readonly records: readonly SignedRecord[] }[]
  readonly certificate: Certificate
}

const blocksAtOnce = 128

export class CatchUp {
  readonly #ports: CatchUpPorts
  #target = 0

  constructor(ports: CatchUpPorts) {
    this.#ports = ports
  }

  /** Fetches until the block that this certificate finalizes is final here. */
  to(certificate: Certificate): void {
    this.#target = Math.max(this.#target, certificate.view)
    const { application, fetcher } = this.#ports
    fetcher.pursue(
      'catch-up',
      undefined,
      () => application.tip.block.header.view < this.#target,
      () => ({ type: 'range', fromHeight: application.tip.block.header.height + 1, maxBlocks: blocksAtOnce }),
      (peer, response) => this.#take(peer, response),
    )
  }

  /** One run; the pursuit goes on with the next peer, so that none carries all and none can hold the node back. */
  async #take(peer: number, response: FetchResponse): Promise<Attempt> {
    await this.#takeRun(peer, response)
    return this.#ports.application.tip.block.header.view >= this.#target ? 'done' : 'next'
  }

  /** True where the run moved the tip. */
  async #takeRun(peer: number, response: FetchResponse): Promise<boolean> {
    let run: Run | undefined
    try {
      run = this.#verify(response)
    } catch (error) {
      if (!(error instanceof MupibError)) throw error
      this.#ports.blame(peer, `catch-up: ${error.message}`)
    }
    if (!run) return false
    const verified = run
    return new Promise((resolve, reject) => {
      this.#ports.exclusive(async () => {
        try {
          const inputs = await this.#apply(verified)
          resolve(inputs.length > 0)
          return inputs
        } catch (error) {
          const code = codeOf(error)
          if (isSendersFault(code)) {
            // Where the tip moved on while the answer was under way nobody is to blame: ask again from the tip.
            if (code !== 'bad_proof') this.#ports.blame(peer, `catch-up: ${(error as Error).message}`)
            resolve(false)
            return []
          }
          reject(error)
          throw error
        }
      })
    })
  }

  /** Checks the run on its own: blocks chained by digest up to one that a quorum finalized, and each with its records. */
  #verify(response: FetchResponse): Run | undefined {
    if (response.type !== 'range') throw new MupibError('bad_proof', 'another answer than asked for')
    if (!response.certificate || response.blocks.length === 0) return undefined
    // A chain of more headers is no proof for clients: whoever stored it could not answer them.
    if (response.blocks.length > limits.proofHeaders) throw new MupibError('bad_proof', 'a run without certificates')
    const certificate = decodeCertificate(response.certificate)
    // The one signature check comes before the work on what may be megabytes of lies.
    const { digest } = decodeBlock(response.blocks[response.blocks.length - 1]!.block)
    const isFinal = certificate.kind === 'finalize' && certificate.digest === digest
    if (!isFinal || !this.#ports.signatures.certificate(certificate))
      throw new MupibError('bad_proof', 'the last block is not final by its certificate')
    const blocks = response.blocks.map(({ block: bytes, records }) => {
      const block = decodeBlock(bytes)
      const signed = records.map(decodeRecord)
      if (signed.length !== block.records.length || signed.some(({ digest }, i) => digest !== block.records[i]))
        throw new MupibError('bad_proof', `not the records of block ${block.header.height}`)
      return { block, records: signed }
    })
    blocks.forEach(({ block }, i) => {
      const before = blocks[i - 1]?.block
      if (before && block.header.parent !== before.digest)
        throw new MupibError('bad_proof', 'blocks that do not follow each other')
    })
    return { blocks, certificate }
  }

  async #apply({ blocks, certificate }: Run): Promise<Input[]> {
    const { application } = this.#ports
    const height = application.tip.block.header.height
    const fresh = blocks.filter(({ block }) => block.header.height > height)
    if (fresh.length === 0) return []
    const operations: WriteOp[] = []
    const final: FinalBlock[] = []
    for (const [i, { block, records }] of fresh.entries()) {
      const certified = fresh[i + 1]?.block.header.parentOutcome ?? certificate.outcome
      for (const signed of records) {
        const held = application.held(signed.digest)
        if (!held) this.#checkRecord(signed, block)
        // Also what the pool holds: that may not be on disk yet, and a final block must not be there without its records.
        operations.push(...this.#ports.recordOperations(held ?? signed))
      }
      final.push(application.follow(block, records, certified))
      // A run may take seconds to execute: the network is to be served meanwhile.
      await new Promise(resolve => setImmediate(resolve))
    }
    const commit = application.commit(final, certificate)
    await this.#ports.write([...operations, ...commit.operations, ...this.#ports.committing(commit)])
    commit.written()
    this.#ports.committed(commit)
    this.#ports.progress(commit.tip.block.header.height, this.#target)
    return [{ type: 'advanced', tip: final[final.length - 1]!, certificate }]
  }

  // A quorum voted for the block, so its records were verified; but digests leave signatures out, and whoever stored another one's false
  // signature would pass it on and be blamed for it. The block's parent was executed just before, so it knows every signer.
  #checkRecord(signed: SignedRecord, block: Block): void {
    checkForm(signed, this.#ports.network)
    const key = this.#ports.application.signerKeyAt(block, signed.record.signer)
    if (!key) throw new MupibError('bad_proof', 'a block that does not follow the final chain')
    if (!verifyRecord(signed, key)) throw new MupibError('bad_signature', 'a record whose signature does not hold')
  }
}

import { describe, expect, it } from 'vitest'
import type { Effect, Input } from '../consensus/types.ts'
import { createBlock, type Vote } from '../proto/chain.ts'
import { zeroDigest } from '../proto/hash.ts'
import { ConsensusLoop, type LoopPorts } from './consensus-loop.ts'

const block = createBlock(
  { network: zeroDigest, height: 1, view: 1, parent: zeroDigest, parentOutcome: zeroDigest, time: 1 },
  [],
)
const vote: Vote = {
  kind: 'notarize',
  view: 1,
  digest: block.digest,
  outcome: zeroDigest,
  signer: 0,
  signature: new Uint8Array(64),
}
const persist: Effect = { type: 'persist', entries: [{ type: 'ownVote', vote }], urgent: true }
const lazily: Effect = { type: 'persist', entries: [{ type: 'block', block }], urgent: false }
const send: Effect = { type: 'broadcast', message: { type: 'vote', vote } }
const start: Input = { type: 'start' }

/** A loop over a scripted core; `log` tells what was done in which order. */
function loopOver(answers: (input: Input) => readonly Effect[], change: Partial<LoopPorts> = {}) {
  const log: string[] = []
  let wake = (): void => {}
  const note = (what: string): void => {
    log.push(what)
    wake()
  }
  const ports: LoopPorts = {
    now: () => 0,
    step: answers,
    journal: entries => entries.map(({ type }) => ({ type: 'put', key: Buffer.from(type), value: new Uint8Array() })),
    write: async operations => {
      note(`write ${operations.length}`)
      await new Promise(setImmediate)
      note('written')
    },
    build: () => [],
    execute: () => ({ type: 'executed', digest: block.digest, outcome: zeroDigest }),
    commit: () => [{ type: 'put', key: Buffer.from('state'), value: new Uint8Array() }],
    committed: () => note('committed'),
    abandon: () => {},
    send: () => note('send'),
    broadcast: () => note('broadcast'),
    fetchBlock: () => {},
    fetchCertificate: () => {},
    catchUp: () => {},
    askHeldVotes: () => {},
    observe: () => {},
    failed: error => note(`failed ${(error as Error).message}`),
    ...change,
  }
  const loop = new ConsensusLoop(ports)
  const until = (what: string): Promise<void> =>
    new Promise(resolve => {
      wake = () => log.includes(what) && resolve()
      wake()
    })
  return { loop, log, until }
}

describe('a turn', () => {
  it('has everything on disk before it sends, whatever the order of the effects', async () => {
    const { loop, log, until } = loopOver(() => [send, persist])
    loop.push(start)
    await until('broadcast')
    expect(log).toEqual(['write 1', 'written', 'broadcast'])
  })

  it('writes once for all inputs that wait', async () => {
    const { loop, log, until } = loopOver(() => [persist, send])
    loop.push(start, start, start)
    await until('broadcast')
    expect(log).toEqual(['write 3', 'written', 'broadcast', 'broadcast', 'broadcast'])
  })

  it('runs choosing and executing before the write, so that a vote takes one sync', async () => {
    const { loop, log, until } = loopOver(input => {
      if (input.type === 'start') return [persist, { type: 'execute', block }]
      return input.type === 'executed' ? [persist, send] : []
    })
    loop.push(start)
    await until('broadcast')
    expect(log).toEqual(['write 2', 'written', 'broadcast'])
  })

  it('leaves what is not urgent for the next write', async () => {
    let urgent = false
    const { loop, log, until } = loopOver(() =>
      urgent ? [persist, send] : [lazily, { type: 'send', to: 1, message: { type: 'vote', vote } }],
    )
    loop.push(start)
    await until('send')
    expect(log).toEqual(['send'])
    urgent = true
    loop.push(start)
    await until('broadcast')
    expect(log).toEqual(['send', 'write 2', 'written', 'broadcast'])
  })

  it('tells of a commit when it is on disk, each one', async () => {
    const commit: Effect = { type: 'commit', blocks: [], certificate: { ...vote, signatures: [] } }
    const { loop, log, until } = loopOver(() => [commit, commit, send])
    loop.push(start)
    await until('broadcast')
    expect(log).toEqual(['write 2', 'written', 'committed', 'committed', 'broadcast'])
  })

  it('writes bytes of others in the same batch and tells them', async () => {
    const { loop, log, until } = loopOver(() => [persist, send])
    let durable = false
    loop.write([{ type: 'put', key: Buffer.from('record'), value: new Uint8Array() }], () => {
      durable = log.includes('written')
    })
    loop.push(start)
    await until('broadcast')
    expect(log).toEqual(['write 2', 'written', 'broadcast'])
    expect(durable).toBe(true)
  })
})

describe('a failed write', () => {
  it('ends the loop: nothing of its turn is sent, and nothing after it', async () => {
    const { loop, log, until } = loopOver(() => [persist, send], {
      write: () => Promise.reject(new Error('disk full')),
    })
    loop.push(start)
    await until('failed disk full')
    loop.push(start)
    await new Promise(setImmediate)
    await new Promise(setImmediate)
    expect(log).toEqual(['failed disk full'])
  })
})

describe('stopping', () => {
  it('waits for the write that runs, and sends nothing any more', async () => {
    const { loop, log, until } = loopOver(() => [persist, send])
    loop.push(start)
    await until('write 1')
    await loop.stop()
    expect(log).toEqual(['write 1', 'written'])
  })
})

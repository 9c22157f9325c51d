// What a validator tells its log.
import { expect, test } from 'vitest'
import { genesisBlock } from '../proto/chain.ts'
import type { Commit } from './application.ts'
import { finalBlockTold } from './events.ts'

test('the line of a final block has each of its fields once: the log gives the time of the line itself', () => {
  const { block } = genesisBlock('ab'.repeat(32), 'cd'.repeat(32), 1_000)
  const { event } = finalBlockTold({
    tip: { block, stateRoot: 'cd'.repeat(32) },
    records: [],
    verdicts: {},
  } as unknown as Commit)
  expect(event).toMatchObject({ type: 'block', height: 0, blockTime: '1970-01-01T00:00:01.000Z' })
  expect(Object.keys(event).filter(key => ['time', 'level', 'node', 'msg', 'event'].includes(key))).toEqual([])
})

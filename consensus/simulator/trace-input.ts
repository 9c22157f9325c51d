// How an input shows in the trace.
import type { Input } from '../types.ts'
import type { Part } from './trace.ts'

type Note = (kind: string, first?: Part, second?: Part, third?: Part, fourth?: Part) => void

/** Notes an input with what identifies it. */
export function traceInput(note: Note, input: Input): void {
  const { type } = input
  switch (type) {
    case 'proposal':
      note(type, input.proposal.block.header.view, input.proposal.block.digest)
      break
    case 'vote': {
      const { signer, kind, view, digest } = input.vote
      note(type, signer, kind, view, digest)
      break
    }
    case 'certificate':
      note(type, input.certificate.kind, input.certificate.view, input.certificate.digest)
      break
    case 'block':
      note(type, input.block.digest)
      break
    case 'work':
    case 'dropped':
    case 'built':
      note(type, input.records.length, input.records[0])
      break
    case 'executed':
    case 'unexecutable':
      note(type, input.digest)
      break
    case 'linkUp':
      note(type, input.peer)
      break
    case 'heldVotes':
      note(type, input.from, input.held?.view)
      break
    case 'advanced':
      note(type, input.tip.block.header.height)
      break
    case 'start':
    case 'timer':
      note(type)
      break
  }
}

// Twin: two copies of one validator under one key, each facing its own part of the network (Twins, arXiv 2004.10617). Every copy is
// an honest core; together they sign whatever either side talks them into.
import type { Machine, Wrap, WrapContext } from '../simulator/machine.ts'
import type { Effect, Input, Message } from '../types.ts'

/** Which copy a peer sees: accomplices (other faulty validators) see both. All twins of a schedule split the others alike. */
const copiesFor = (peer: number, { accomplices, side }: WrapContext): readonly (0 | 1)[] =>
  accomplices.has(peer) ? [0, 1] : [side(peer)]

/** What another twin can recognize: one copy's vote is no other copy's. */
const signedIn = (sent: Message | Input): object | undefined => {
  if (sent.type === 'vote') return sent.vote
  return sent.type === 'proposal' ? sent.proposal : undefined
}

export const twin: Wrap = (first, context) => {
  const copies = [first, context.create(context.config, context.restored)] as const
  const timers: (number | undefined)[] = [undefined, undefined]
  const askers = new Map<string, Set<0 | 1>>()
  const peers = [...Array(context.config.validators).keys()].filter(peer => peer !== context.config.self)

  const remember = (name: string, copy: 0 | 1): void => {
    const known = askers.get(name) ?? new Set()
    askers.set(name, known.add(copy))
  }

  const outgoing = (copy: 0 | 1, effect: Effect): readonly Effect[] => {
    if (effect.type === 'broadcast' || effect.type === 'send') {
      const signed = signedIn(effect.message)
      if (signed) context.conspiracy.set(signed, copy)
    }
    switch (effect.type) {
      case 'timer':
        timers[copy] = effect.at
        return []
      case 'broadcast':
        return peers
          .filter(peer => copiesFor(peer, context).includes(copy))
          .map(to => ({ type: 'send', to, message: effect.message }))
      case 'send':
        return copiesFor(effect.to, context).includes(copy) ? [effect] : []
      case 'build':
        remember(`build ${effect.view} ${effect.parent}`, copy)
        return [effect]
      case 'execute':
        remember(`execute ${effect.block.digest}`, copy)
        return [effect]
      default:
        return [effect]
    }
  }

  const receivers = (input: Input, now: number, origin: number | undefined): readonly (0 | 1)[] => {
    if (input.type === 'timer') return ([0, 1] as const).filter(copy => (timers[copy] ?? now + 1) <= now)
    if (input.type === 'built') return [...(askers.get(`build ${input.view} ${input.parent}`) ?? [])]
    if (input.type === 'executed' || input.type === 'unexecutable')
      return [...(askers.get(`execute ${input.digest}`) ?? [])]
    const signed = signedIn(input)
    const sender = signed && context.conspiracy.get(signed)
    if (sender !== undefined && origin !== undefined && context.accomplices.has(origin)) return [sender]
    return origin === undefined || input.type === 'heldVotes' || input.type === 'block'
      ? [0, 1]
      : copiesFor(origin, context)
  }

  return {
    step(input, now, origin) {
      const effects: Effect[] = []
      for (const copy of receivers(input, now, origin)) {
        if (input.type === 'timer') timers[copy] = undefined
        // The copies must not propose the same block: one chooses no records and lives a millisecond later.
        const own: Input = copy === 1 && input.type === 'built' ? { ...input, records: input.records.slice(1) } : input
        for (const effect of copies[copy].step(own, now + copy, origin)) effects.push(...outgoing(copy, effect))
      }
      const next = Math.min(...timers.map(at => at ?? Number.POSITIVE_INFINITY))
      effects.push({ type: 'timer', at: Number.isFinite(next) ? next : undefined })
      return effects
    },
    isWanted: () => true,
    heldVotes: validator => copies[0].heldVotes(validator) ?? copies[1].heldVotes(validator),
    certificates: view => copies.flatMap(copy => [...copy.certificates(view)]),
    wantsBlock: digest => copies.some(copy => copy.wantsBlock(digest)),
    view: () => Math.max(...copies.map(copy => copy.view())),
    finalView: () => Math.min(...copies.map(copy => copy.finalView())),
    signing: () => copies[0].signing(),
  } satisfies Machine
}

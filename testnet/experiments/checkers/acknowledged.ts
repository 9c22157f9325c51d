// I3: every verdict that some client was given is read back, unchanged, from every sound node at the end.
import type { Checker } from '../history.ts'
import { brief, counted, eventsOf, Inquiry, soundOf } from './inquiry.ts'

export const acknowledgedSurvive: Checker = run => {
  const inquiry = new Inquiry('I3', 'every acknowledged verdict is read back unchanged from every honest node')
  const answers = new Map<string, { readonly answer: string; readonly client: string }>()
  for (const { client, record, answer } of eventsOf(run, 'acknowledged')) {
    const before = answers.get(record)
    if (!before) answers.set(record, { answer, client })
    else if (before.answer !== answer)
      inquiry.broken(`record ${brief(record)}: ${before.client} and ${client} were given different answers`)
  }
  const reads = new Map<string, Map<string, string | undefined>>()
  for (const { node, record, answer } of eventsOf(run, 'read')) {
    const ofNode = reads.get(node) ?? new Map<string, string | undefined>()
    reads.set(node, ofNode)
    ofNode.set(record, answer)
  }
  const sound = soundOf(run)
  // a run that was broken off before the last reads has nothing to compare
  if (reads.size === 0) return inquiry.finding()
  for (const node of sound) {
    const ofNode = reads.get(node)
    if (!ofNode) {
      if (answers.size > 0) inquiry.broken(`${node} was not read at the end`)
      continue
    }
    for (const [record, { answer, client }] of answers) {
      inquiry.checked += 1
      const read = ofNode.get(record)
      if (read === answer) continue
      const what = read === undefined ? 'does not have it' : `answers ${brief(read)}`
      inquiry.broken(`record ${brief(record)}, acknowledged to ${client} as ${brief(answer)}: ${node} ${what}`)
    }
  }
  inquiry.restsOn(`${counted(answers.size, 'record')} read from ${counted(sound.length, 'node')}`)
  return inquiry.finding()
}

// I10: damaged bytes and false answers are found or harmless, and never served to anybody.
import type { Checker } from '../history.ts'
import { eventsOf, Inquiry } from './inquiry.ts'

export const damageNeverServed: Checker = run => {
  const inquiry = new Inquiry('I10', 'corruption is detected or harmless, never served')
  const counts = new Map<string, number>()
  for (const { node, file, found, text, at } of eventsOf(run, 'damage')) {
    inquiry.checked += 1
    if (found === 'served') inquiry.broken(`${node} served damaged ${file} at ${Math.round(at)} ms: ${text}`)
    else counts.set(found, (counts.get(found) ?? 0) + 1)
  }
  for (const [found, count] of counts) inquiry.restsOn(`${count} ${found === 'harmless' ? found : `found ${found}`}`)
  return inquiry.finding()
}

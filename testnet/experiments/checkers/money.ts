// I6: issued = held + queued + consumed-unredeemed + redeemed + taken back + expired-unspent, in tokens; account balances and channel escrow
// apart, in minor units; and the books of bank, auditors and vendors agree.
import type { Checker } from '../history.ts'
import { counted, eventsOf, Inquiry } from './inquiry.ts'
import { checkSessionMoney } from './sessions.ts'

export const moneyBalances: Checker = run => {
  const inquiry = new Inquiry('I6', 'tokens issued are all accounted for, and the books agree')
  for (const { money } of eventsOf(run, 'money')) {
    const { issued, held, queued, consumedUnredeemed, redeemed, takenBack, expiredUnspent, books } = money
    const found = held + queued + consumedUnredeemed + redeemed + takenBack + expiredUnspent
    const parts = `${held} held + ${queued} queued + ${consumedUnredeemed} consumed + ${redeemed} redeemed + ${takenBack} taken back + ${expiredUnspent} expired`
    inquiry.checked += 1 + books.length
    if (found !== issued) inquiry.broken(`${issued} tokens issued, ${found} found: ${parts}`)
    else inquiry.restsOn(`${counted(issued, 'token')} issued = ${parts}`)
    for (const { name, left, right } of books)
      if (BigInt(left) !== BigInt(right)) inquiry.broken(`${name}: ${left} on one side, ${right} on the other`)
    if (books.length > 0) inquiry.restsOn(`${counted(books.length, 'account')} balanced to the unit`)
  }
  checkSessionMoney(inquiry, run)
  return inquiry.finding()
}

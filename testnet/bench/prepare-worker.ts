// A process of its own that signs the load of benchmark users: started by prepare.ts, ends with it.
import type { UserOrder } from './prepared-user.ts'
import { prepareUser } from './prepared-user.ts'

process.on('message', (order: UserOrder) => process.send?.(prepareUser(order)))
process.on('disconnect', () => process.exit(0))

// A validator whose process may open few files, without a descriptor left for a while. Tells what it then does; run by descriptors.test.ts.
import * as fs from 'node:fs'
import * as http from 'node:http'
import * as net from 'node:net'
import type { MupibError } from '../proto/errors.ts'
import { openAddressBook } from './address-book.ts'
import { TestNetwork } from './testing.ts'

const network = await TestNetwork.create({ validators: 2 })
await network.start(0)
const { http: pages } = network.validator(0)

// opened while there still are descriptors: a page is read over it, and the validator is waited for on it
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
const page = (name: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const request = http.get(new URL(name, pages), { agent }, response => {
      response.resume().on('end', () => resolve(response.statusCode))
    })
    request.on('error', reject)
  })
await page('/metrics')
let dialled = (): void => {}
const isDialled = new Promise<void>(resolve => {
  dialled = resolve
})
const moved = net.createServer(socket => {
  socket.destroy()
  dialled()
})
await new Promise<void>(resolve => moved.listen(0, '127.0.0.1', resolve))
// beside the validator's own, which hears of the same change
let unread = (_code: string): void => {}
const isUnread = new Promise<string>(resolve => {
  unread = resolve
})
const addresses = openAddressBook(
  network.peersFile,
  () => {},
  error => unread((error as MupibError).code),
)
const { port } = moved.address() as net.AddressInfo
const next = `${network.peersFile}.moved`
fs.writeFileSync(next, JSON.stringify({ v1: [`/ip4/127.0.0.1/tcp/${port}`] }))

const held: number[] = []
try {
  for (;;) held.push(fs.openSync('/dev/null', 'r'))
} catch (error) {
  process.stdout.write(`${(error as NodeJS.ErrnoException).code}\n`)
}
// renaming takes no descriptor: the file of addresses changes while it cannot be read
fs.renameSync(next, network.peersFile)
process.stdout.write(`metrics ${await page('/metrics')}\n`)
process.stdout.write(`addresses ${await isUnread}\n`)
process.stdout.write(`status ${await page('/status')}\n`)
for (const descriptor of held) fs.closeSync(descriptor)
await isDialled
process.stdout.write('dialled\n')
addresses.close()
moved.close()
agent.destroy()
await network.close()
process.stdout.write('stopped\n')

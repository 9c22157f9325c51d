// Disks for single processes: an ext4 image each, on a loop device, that holds the process's store and can lose its power, run full or fail. Needs root.
import { execFile } from 'node:child_process'
import * as fs from 'node:fs'
import * as path from 'node:path'
import { promisify } from 'node:util'
import { MupibError } from '../../../proto/errors.ts'
import type { Field } from './field.ts'
import { pause } from './schedule.ts'

const run = promisify(execFile)

/** A sparse image: it takes what is written into it. */
const imageMiB = 256
const fillerName = 'filler'

/** Milliseconds within which a process that ends has closed its files. */
const releaseLimitMs = 5_000
/** Nothing tells that a disk is free; between two tries, in milliseconds. */
const retryMs = 15

/** FS_IOC_SHUTDOWN with FS_SHUTDOWN_FLAGS_NOLOGFLUSH of linux/fs.h: from now on nothing reaches the disk, the journal's open transaction included. */
const shutDownScript =
  'for (@ARGV) { sysopen(my $d, $_, 0) or die "$!"; my $flag = pack("I", 2); ioctl($d, 0x8004587d, $flag) or die "$!" }'

/** Why this machine gives no disks; undefined where it does. */
export function disksMissing(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs root on Linux'
  if (!fs.existsSync('/dev/loop-control')) return 'needs loop devices'
  return ['/sbin', '/usr/sbin', '/usr/bin'].some(folder => fs.existsSync(path.join(folder, 'mkfs.ext4')))
    ? undefined
    : 'needs mkfs.ext4'
}

interface Disk {
  readonly image: string
  readonly mount: string
}

export class Disks {
  readonly #folder: string
  readonly #field: Field
  readonly #disks = new Map<string, Disk>()

  constructor(folder: string, field: Field) {
    this.#folder = folder
    this.#field = field
  }

  has(name: string): boolean {
    return this.#disks.has(name)
  }

  /** Moves the store of a process onto a disk of its own; the process is restarted. */
  async attach(name: string): Promise<void> {
    const disk = { image: path.join(this.#folder, `${name}.img`), mount: path.join(this.#folder, name) }
    fs.mkdirSync(disk.mount, { recursive: true })
    fs.closeSync(fs.openSync(disk.image, 'w'))
    fs.truncateSync(disk.image, imageMiB * 1024 * 1024)
    await run('mkfs.ext4', ['-q', '-F', '-m', '0', disk.image])
    this.#disks.set(name, disk)
    await mount(disk)
    await this.#field.stop(name)
    const store = path.join(this.#field.actor(name).folder, 'store')
    fs.cpSync(store, disk.mount, { recursive: true })
    fs.rmSync(store, { recursive: true })
    fs.symlinkSync(disk.mount, store)
    const refusal = await this.#field.start(name)
    if (refusal) throw refusal
  }

  /** Takes the power from the disks of these processes, all at once: what was not synced is gone. */
  async shutDown(names: readonly string[]): Promise<void> {
    await run('perl', ['-e', shutDownScript, ...names.map(name => this.#disks.get(name)!.mount)])
  }

  /** Mounts a disk anew, by which the file system replays its journal. Whoever used it must have ended, or be about to. Throws `timeout`. */
  async remount(name: string): Promise<void> {
    const disk = this.#disks.get(name)!
    const deadline = performance.now() + releaseLimitMs
    // a process that a failing disk ended by itself can be in no list of processes any more, and its files still be open
    while (!(await unmounted(disk))) {
      if (performance.now() >= deadline)
        throw new MupibError('timeout', `somebody still uses the disk ${disk.mount}`, { hint: 'fuser -vm tells who' })
      await pause(retryMs)
    }
    await mount(disk)
  }

  /** Leaves no byte free. */
  fill(name: string): void {
    const { mount: folder } = this.#disks.get(name)!
    const { bavail, bsize } = fs.statfsSync(folder)
    const file = fs.openSync(path.join(folder, fillerName), 'w')
    try {
      const piece = Buffer.alloc(4 * 1024 * 1024)
      for (let left = bavail * bsize; left > 0; left -= piece.length) fs.writeSync(file, piece)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    } finally {
      fs.closeSync(file)
    }
  }

  makeRoom(name: string): void {
    fs.rmSync(path.join(this.#disks.get(name)!.mount, fillerName), { force: true })
  }

  /** Takes the disks away. No process may use them any more. Never throws. */
  async removeAll(): Promise<void> {
    for (const { image, mount: folder } of this.#disks.values()) {
      await run('umount', [folder]).catch(() => run('umount', ['-l', folder]).catch(() => {}))
      fs.rmSync(image, { force: true })
    }
    this.#disks.clear()
    fs.rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** False where somebody has files open there. */
async function unmounted({ mount: folder }: Disk): Promise<boolean> {
  try {
    await run('umount', [folder])
    return true
  } catch (error) {
    if (String((error as { stderr?: unknown }).stderr).includes('busy')) return false
    throw error
  }
}

const mount = async ({ image, mount: folder }: Disk): Promise<void> =>
  void (await run('mount', ['-t', 'ext4', '-o', 'loop,noatime', image, folder]))

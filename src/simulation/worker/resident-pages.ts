/** Counts how much of a stretch of memory is resident, by the kernel's own page table of this process. */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

export const PAGE_BYTES = 4096;

/** One entry of 64 bits for each page; the highest says that it is in memory (kernel document admin-guide/mm/pagemap). */
const ENTRY_BYTES = 8;
const ENTRIES_A_READING = 8192;
const PRESENT = 0x80;

const ANONYMOUS = /^([0-9a-f]+)-[0-9a-f]+ rw-p 00000000 00:00 0 *$/gm;

/**
 * Finds where the memory lies that begins with these bytes. JavaScript does not tell the address of an ArrayBuffer, so
 * that each stretch of anonymous memory is looked at.
 * @param signature at the start of the memory; long and random enough that nothing else begins like it.
 * @returns `undefined` where /proc is hidden or the kernel has joined the memory with what lies before it.
 */
export function addressOf(signature: Uint8Array): number | undefined {
  try {
    const addresses = [...readFileSync('/proc/self/maps', 'latin1').matchAll(ANONYMOUS)].map(([, start]) =>
      Number.parseInt(start ?? '', 16),
    );
    return withFile('/proc/self/mem', (file) => {
      const found = Buffer.alloc(signature.length);
      return addresses.find(
        (address) => readSync(file, found, 0, found.length, address) === found.length && found.equals(signature),
      );
    });
  } catch {
    // A sandbox may hide /proc. Then it is not known what is resident, only what was touched.
    return undefined;
  }
}

/** How many bytes from `address` on are resident; `undefined` where the kernel does not say. */
export function residentBytes(address: number, bytes: number): number | undefined {
  try {
    return withFile('/proc/self/pagemap', (file) => {
      const pages = Math.ceil(bytes / PAGE_BYTES);
      const entries = Buffer.alloc(ENTRIES_A_READING * ENTRY_BYTES);
      let resident = 0;
      for (let page = 0; page < pages; page += ENTRIES_A_READING) {
        const wanted = Math.min(ENTRIES_A_READING, pages - page) * ENTRY_BYTES;
        const got = readSync(file, entries, 0, wanted, (address / PAGE_BYTES + page) * ENTRY_BYTES);
        if (got !== wanted) return undefined;
        for (let last = ENTRY_BYTES - 1; last < got; last += ENTRY_BYTES)
          if (((entries[last] ?? 0) & PRESENT) !== 0) resident += 1;
      }
      return Math.min(resident * PAGE_BYTES, bytes);
    });
  } catch {
    return undefined;
  }
}

function withFile<Value>(path: string, use: (file: number) => Value): Value {
  const file = openSync(path, 'r');
  try {
    return use(file);
  } finally {
    closeSync(file);
  }
}

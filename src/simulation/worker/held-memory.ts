/** A stretch of memory whose pages are all touched, that grows and shrinks, and whose pages really go back to the kernel. */
import type { Random } from '#foundation/random.ts';
import { addressOf, PAGE_BYTES, residentBytes } from './resident-pages.ts';

const PIECE_BYTES = 1024 ** 2;
const SIGNATURE_BYTES = 32;

/** What the loop needs of its memory; a test gives it a simulated one. */
export type Holder = {
  readonly bytes: number;
  /** Grows or shrinks to whole pages. Stops early where `isStopped` says so. */
  readonly resize: (bytes: number, isStopped: () => boolean) => void;
  /** How much of it is resident; brings back what is not. */
  readonly resident: () => number;
};

/**
 * One resizable ArrayBuffer: its whole range of addresses is reserved at once, which costs nothing, and shrinking it
 * gives the pages back at once, where a freed Buffer would stay with the allocator or wait for the garbage collector.
 * @throws RangeError if that range of addresses cannot be reserved.
 */
export class HeldMemory implements Holder {
  readonly #buffer: ArrayBuffer;
  readonly #content: Uint8Array<ArrayBuffer>;
  readonly #noise: Uint8Array<ArrayBuffer>;
  #address: number | undefined;
  #isLookedFor = false;

  constructor(maximumBytes: number, random: Random) {
    this.#buffer = new ArrayBuffer(0, { maxByteLength: wholePages(maximumBytes) });
    this.#content = new Uint8Array(this.#buffer);
    this.#noise = noise(PIECE_BYTES, random);
  }

  get bytes(): number {
    return this.#buffer.byteLength;
  }

  resize(bytes: number, isStopped: () => boolean = () => false): void {
    const wanted = wholePages(bytes);
    // Piece by piece: a stop must be heard.
    while (this.bytes < wanted && !isStopped()) this.#grow(Math.min(this.bytes + PIECE_BYTES, wanted));
    if (this.bytes > wanted) this.#buffer.resize(wanted);
  }

  #grow(bytes: number): void {
    const from = this.bytes;
    this.#buffer.resize(bytes);
    // Noise, so that no page can be compressed; its own number in each, so that no two can be merged.
    this.#content.set(this.#noise.subarray(0, bytes - from), from);
    for (let at = from; at < bytes; at += PAGE_BYTES) {
      const page = at / PAGE_BYTES;
      this.#content[at + SIGNATURE_BYTES] = page;
      this.#content[at + SIGNATURE_BYTES + 1] = page >>> 8;
      this.#content[at + SIGNATURE_BYTES + 2] = page >>> 16;
      this.#content[at + SIGNATURE_BYTES + 3] = page >>> 24;
    }
  }

  resident(): number {
    if (this.bytes === 0) return 0;
    if (!this.#isLookedFor) {
      this.#isLookedFor = true;
      this.#address = addressOf(this.#noise.subarray(0, SIGNATURE_BYTES));
    }
    const known = this.#address === undefined ? undefined : residentBytes(this.#address, this.bytes);
    if (known === undefined) return this.bytes;
    if (known < this.bytes) this.#touch();
    return known;
  }

  /** Reading a page brings it back from swap. */
  #touch(): void {
    for (let at = 0; at < this.bytes; at += PAGE_BYTES) this.#content[at] = this.#content[at] ?? 0;
  }
}

function wholePages(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
}

/** Xorshift, seeded anew each time: fast, and nothing a compressor finds anything in. */
function noise(bytes: number, random: Random): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(bytes / Uint32Array.BYTES_PER_ELEMENT);
  let x = (random() * 0xffffffff) | 1;
  for (let index = 0; index < words.length; index += 1) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    words[index] = x;
  }
  return new Uint8Array(words.buffer);
}
